// Reads a lake as somebody without DuckDB does: the manifest, then each of its files with hyparquet, whose statistics have to be
// those of the rows. `node read_lake.mjs FOLDER TABLE` prints a JSON object a row, with the month of its partition; with `--groups`
// a JSON object a row group: its rows, and `[type, minimum, maximum]` of each column.
import fs from 'node:fs';
import path from 'node:path';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';

const [folder, table, what] = process.argv.slice(2);
const manifest = JSON.parse(fs.readFileSync(path.join(folder, 'manifest.json'), 'utf8'));
const print = (object) => console.log(JSON.stringify(object, (_, value) => (typeof value === 'bigint' ? Number(value) : value)));

/** Text is ordered by its bytes, which is not the order of UTF-16. */
function compare(a, b) {
  if (typeof a === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  if (a < b) return -1;
  return a > b ? 1 : 0;
}

function checkStatistics({ statistics, codec, path_in_schema: name }, values) {
  if (codec !== 'ZSTD') throw new Error(`${name} is compressed with ${codec}`);
  if (!statistics) throw new Error(`${name} has no statistics`);
  const there = values.filter((value) => value !== null && value !== undefined);
  const nulls = values.length - there.length;
  if (Number(statistics.null_count) !== nulls) throw new Error(`${name} has ${nulls} nulls, not ${statistics.null_count}`);
  if (there.length === 0) return;
  const sorted = there.toSorted(compare);
  for (const [told, found] of [[statistics.min_value, sorted[0]], [statistics.max_value, sorted.at(-1)]]) {
    if (told === undefined || compare(told, found) !== 0) throw new Error(`${name} goes to another value than its statistics say`);
  }
}

function typeOf(schema, name) {
  const { type, converted_type: converted } = schema.find((element) => element.name === name);
  return converted ? `${type} ${converted}` : type;
}

for (const entry of manifest.files.filter((one) => one.table === table)) {
  const file = await asyncBufferFromFile(path.join(folder, entry.path));
  if (file.byteLength !== entry.bytes) throw new Error(`${entry.path} has ${file.byteLength} bytes, not ${entry.bytes}`);
  const metadata = await parquetMetadataAsync(file);
  let count = 0;
  for (const group of metadata.row_groups) {
    const rowStart = count;
    count += Number(group.num_rows);
    const rows = await parquetReadObjects({ file, metadata, compressors, rowStart, rowEnd: count });
    if (rows.length !== Number(group.num_rows)) throw new Error(`${entry.path} has a row group of ${rows.length} rows`);
    for (const { meta_data: column } of group.columns) checkStatistics(column, rows.map((row) => row[column.path_in_schema[0]]));
    if (what === '--groups') {
      print({ path: entry.path, rows: rows.length, columns: Object.fromEntries(group.columns.map(({ meta_data: column }) => {
        const [name] = column.path_in_schema;
        return [name, [typeOf(metadata.schema, name), column.statistics.min_value, column.statistics.max_value]];
      })) });
    } else {
      for (const row of rows) print({ ...row, study_month: entry.study_month });
    }
  }
  if (count !== entry.rows) throw new Error(`${entry.path} has ${count} rows, not ${entry.rows}`);
}
