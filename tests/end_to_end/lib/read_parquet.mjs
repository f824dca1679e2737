// Reads a Parquet file as somebody without DuckDB does. `node read_parquet.mjs FILE` prints a JSON object a row.
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';

const file = await asyncBufferFromFile(process.argv[2]);
const metadata = await parquetMetadataAsync(file);
const rows = await parquetReadObjects({ file, metadata, compressors });
if (BigInt(rows.length) !== metadata.num_rows) throw new Error(`${rows.length} rows, not ${metadata.num_rows}`);
for (const row of rows) console.log(JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? Number(value) : value)));
