// Reads a lake as somebody without DuckDB does: the manifest, then each of its files with hyparquet.
// `node read_lake.mjs FOLDER TABLE` prints a JSON object a row, with the month of its partition.
import fs from 'node:fs';
import path from 'node:path';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';

const [folder, table] = process.argv.slice(2);
const manifest = JSON.parse(fs.readFileSync(path.join(folder, 'manifest.json'), 'utf8'));
for (const entry of manifest.files.filter((one) => one.table === table)) {
  const file = await asyncBufferFromFile(path.join(folder, entry.path));
  if (file.byteLength !== entry.bytes) throw new Error(`${entry.path} has ${file.byteLength} bytes, not ${entry.bytes}`);
  const metadata = await parquetMetadataAsync(file);
  for (const column of metadata.row_groups.flatMap((group) => group.columns)) {
    if (column.meta_data.codec !== 'ZSTD') throw new Error(`${entry.path} is compressed with ${column.meta_data.codec}`);
    if (!column.meta_data.statistics) throw new Error(`${entry.path} has no statistics of ${column.meta_data.path_in_schema}`);
  }
  const rows = await parquetReadObjects({ file, metadata, compressors });
  if (rows.length !== entry.rows) throw new Error(`${entry.path} has ${rows.length} rows, not ${entry.rows}`);
  for (const row of rows) {
    row.study_month = entry.study_month;
    console.log(JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? Number(value) : value)));
  }
}
