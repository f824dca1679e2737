// Imports from buckets into which their manifests go, asked for by the official client of AWS HealthImaging, on a real S3 server.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from './lib/server.mjs';
import { runChecks } from './lib/checks.mjs';
import { callsOf, clientOf, ended, fails } from './lib/healthimaging.mjs';
import { S3 } from './lib/s3.mjs';

const s3 = await S3.start();
if (!s3) {
  console.log('0 passed, 0 failed');
  process.exit(0);
}
const files = '/usr/lib/python3/dist-packages/pydicom/data/test_files';
const read = (name) => readFileSync(`${files}/${name}`);
const ct = read('CT_small.dcm');

await s3.put('scans', '');
await s3.put('scans', 'in/a/ct.dcm', ct);
await s3.put('scans', 'in/a/mr.dcm', read('MR_small.dcm'));
await s3.put('scans', 'in/b/', '');
await s3.put('scans', 'in/b/notes.txt', 'no DICOM');
await s3.put('scans', 'in/b/rtplan%20%C3%A4.dcm', read('rtplan.dcm'));
await s3.put('scans', 'inside/secret.dcm', read('rtdose.dcm'));
await s3.put('private', '');
await s3.put('private', 'secret.dcm', read('rtdose.dcm'));
const folder = mkdtempSync(join(tmpdir(), 'larmor-s3-'));
for (const name of ['JPEG2000.dcm', 'SC_rgb_rle.dcm']) writeFileSync(join(folder, name), read(name));
execFileSync('tar', ['-C', folder, '-cf', join(folder, 'more.tar'), 'JPEG2000.dcm', 'SC_rgb_rle.dcm']);
await s3.put('scans', 'in/z.tar', readFileSync(join(folder, 'more.tar')));

const server = await startServer({
  role: 'admin',
  options: ['--import-s3', s3.address('scans', 'in'), '--import-s3', s3.address('scans', 'out/')],
  environment: s3.environment,
});
const send = callsOf(clientOf(server, 'admin'));
const { datastoreSummaries: [{ datastoreId }] } = await send('ListDatastores', {});
const request = {
  datastoreId, jobName: 'nightly', dataAccessRoleArn: 'arn:aws:iam::000000000000:role/none', clientToken: 'once',
  inputS3Uri: 's3://scans/in/', outputS3Uri: 's3://scans/out/',
};
const imageSets = async () => (await send('SearchImageSets', { datastoreId, searchCriteria: {} })).imageSetsMetadataSummaries;
async function run(more) {
  const { jobId } = await send('StartDICOMImportJob', { ...request, ...more });
  await ended(server, jobId);
  const { jobProperties } = await send('GetDICOMImportJob', { datastoreId, jobId });
  const at = `out/${datastoreId}-DicomImport-${jobId}`;
  const lines = async (name) => (await s3.get('scans', `${at}/${name}`)).trimEnd().split('\n').filter(Boolean).map((line) => JSON.parse(line));
  return { jobId, jobProperties, at, lines };
}

const code = await runChecks({
  'objects and members of archives come in, and the manifest goes out': async () => {
    const { jobId, jobProperties, at, lines } = await run({});
    assert.equal(jobProperties.jobStatus, 'COMPLETED', jobProperties.message);
    assert.equal(jobProperties.inputS3Uri, request.inputS3Uri);
    const successes = await lines('SUCCESS/success.ndjson');
    assert.deepEqual(successes.map((line) => line.inputFile).sort(), [
      'in/a/ct.dcm', 'in/a/mr.dcm', 'in/b/rtplan ä.dcm', 'in/z.tar!JPEG2000.dcm', 'in/z.tar!SC_rgb_rle.dcm',
    ]);
    const stored = (await imageSets()).map((one) => one.imageSetId).sort();
    assert.deepEqual(successes.map((line) => line.importResponse.imageSetId).sort(), stored);
    assert.ok(successes.every((line) => line.importResponse.isPrimary));
    const failures = await lines('FAILURE/failure.ndjson');
    assert.deepEqual(failures.map((line) => [line.inputFile, line.exception.exceptionType]), [['in/b/notes.txt', 'ValidationException']]);
    const { jobSummary } = JSON.parse(await s3.get('scans', `${at}/job-output-manifest.json`));
    assert.equal(jobSummary.jobId, jobId);
    assert.equal(jobSummary.numberOfScannedFiles, 6);
    assert.equal(jobSummary.numberOfImportedFiles, 5);
    assert.equal(jobSummary.numberOfFilesWithCustomerError, 1);
    assert.equal(jobSummary.numberOfGeneratedImageSets, 5);
    assert.equal(jobSummary.successOutputS3Uri, `s3://scans/${at}/SUCCESS/`);
    assert.deepEqual((await s3.names('scans')).filter((key) => key.startsWith('out/')), [
      `${at}/FAILURE/failure.ndjson`, `${at}/SUCCESS/success.ndjson`, `${at}/job-output-manifest.json`,
    ]);
  },

  'what came is what was in the bucket, byte for byte': async () => {
    const study = (await imageSets()).find((one) => one.DICOMTags.DICOMPatientId === '1CT1').DICOMTags;
    const path = `/dicomweb/studies/${study.DICOMStudyInstanceUID}/series/${study.DICOMSeriesInstanceUID}`;
    const answer = await fetch(`${server.url}${path}`, {
      headers: { Authorization: `Bearer ${server.token}`, Accept: 'multipart/related; type="application/dicom"; transfer-syntax=*' },
    });
    const body = Buffer.from(await answer.arrayBuffer());
    assert.ok(body.includes(ct));
  },

  'an object that is no small one is streamed': async () => {
    const before = (await imageSets()).length;
    await s3.put('scans', 'in/large/large.dcm', execFileSync('/usr/bin/python3', ['-c', `
import io, sys, pydicom
data_set = pydicom.dcmread('${files}/CT_small.dcm')
data_set.SeriesInstanceUID = data_set.SOPInstanceUID = data_set.file_meta.MediaStorageSOPInstanceUID = '1.2.3.99'
data_set.Rows, data_set.Columns, data_set.PixelData = 1024, 1024, bytes(range(256)) * 8192
file = io.BytesIO()
data_set.save_as(file)
sys.stdout.buffer.write(file.getvalue())`], { maxBuffer: 1 << 24 }));
    const { jobProperties, lines } = await run({ inputS3Uri: 's3://scans/in/large', clientToken: 'large' });
    assert.equal(jobProperties.jobStatus, 'COMPLETED', jobProperties.message);
    assert.deepEqual((await lines('SUCCESS/success.ndjson')).map((line) => line.inputFile), ['in/large/large.dcm']);
    assert.equal((await imageSets()).length, before + 1);
  },

  'nothing beside the places that the server was told of is read or written': async () => {
    const before = await s3.names('scans');
    for (const [index, denied] of [
      { inputS3Uri: 's3://private/' }, { inputS3Uri: 's3://scans/' }, { inputS3Uri: 's3://scans/inside/' },
      { outputS3Uri: 's3://private/' }, { outputS3Uri: 's3://scans/elsewhere/' },
    ].entries()) {
      await fails(send('StartDICOMImportJob', { ...request, clientToken: `denied ${index}`, ...denied }), 'AccessDeniedException', 403);
    }
    for (const wrong of ['s3://scans/in/../inside/', 's3://scans/in/?endpoint=http://evil.example', 's3://scans/in/./']) {
      await fails(send('StartDICOMImportJob', { ...request, clientToken: 'wrong', inputS3Uri: wrong }), 'ValidationException', 400);
    }
    assert.deepEqual(await s3.names('scans'), before);
    assert.ok(!(await imageSets()).some((one) => one.DICOMTags.DICOMSeriesModality === 'RTDOSE'));
    await fails(callsOf(clientOf(server, 'writer'))('StartDICOMImportJob', request), 'AccessDeniedException', 403);
  },

  'a place without objects is an import of none': async () => {
    const { jobProperties, lines } = await run({ inputS3Uri: 's3://scans/in/none/', clientToken: 'none' });
    assert.equal(jobProperties.jobStatus, 'COMPLETED');
    assert.deepEqual(await lines('SUCCESS/success.ndjson'), []);
  },
});
await server.stop();
await s3.end();
rmSync(folder, { recursive: true });
process.exit(code);
