// The official client of AWS HealthImaging, as it comes from npm, against our server: every operation, and
// every error by the name that the client knows.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, createHmac } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as sdk from '@aws-sdk/client-medical-imaging';
import { binary, startServer } from './lib/server.mjs';
import { runChecks } from './lib/checks.mjs';

const require = createRequire(import.meta.url);
const dcmjs = require('dcmjs');
dcmjs.log.setLevel('error');

const folder = '/usr/lib/python3/dist-packages/pydicom/data/test_files';
const names = ['CT_small.dcm', 'MR_small.dcm', 'JPEG2000.dcm', 'SC_rgb_rle.dcm', 'rtdose.dcm'];
const files = names.map((name) => {
  const bytes = readFileSync(`${folder}/${name}`);
  const { dict } = dcmjs.data.DicomMessage.readFile(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  const text = (tag) => dict[tag]?.Value?.[0];
  return { name, bytes, text, study: text('0020000D'), series: text('0020000E'), instance: text('00080018') };
});
const [ct] = files;

const server = await startServer({ role: 'admin' });

/** An access key of that role, as the command prints it. */
function accessKey(role) {
  const lines = execFileSync(binary, ['access-key', 'create', '--role', role, '--library', server.library], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const value = (name) => new RegExp(`^export ${name}=(\\S+)$`, 'm').exec(lines)[1];
  return { accessKeyId: value('AWS_ACCESS_KEY_ID'), secretAccessKey: value('AWS_SECRET_ACCESS_KEY') };
}

function clientOf(credentials, options = {}) {
  return new sdk.MedicalImagingClient({
    region: 'eu-central-1',
    endpoint: `${server.url}/healthimaging`,
    disableHostPrefix: true,
    maxAttempts: 1,
    credentials,
    ...options,
  });
}

/** What a page of the site, or curl, sends. */
function bare(method, path, { headers = {}, body } = {}) {
  return fetch(`${server.url}/healthimaging${path}`, {
    method,
    body,
    headers: { Authorization: `Bearer ${server.token}`, 'Content-Type': 'application/json', ...headers },
  });
}

/** Headers of a POST that is signed as Amazon's documentation says, without a hash of the body among them. */
function signedByHand(path, body) {
  const hash = (text) => createHash('sha256').update(text).digest('hex');
  const hmac = (key, text) => createHmac('sha256', key).update(text).digest();
  const time = new Date().toISOString().replace(/[:-]|\.\d{3}/g, '');
  const scope = [time.slice(0, 8), 'us-east-1', 'medical-imaging', 'aws4_request'];
  const canonical = ['POST', path, '', `host:${new URL(server.url).host}`, `x-amz-date:${time}`, '', 'host;x-amz-date', hash(body)];
  const key = scope.reduce(hmac, `AWS4${admin.secretAccessKey}`);
  const text = ['AWS4-HMAC-SHA256', time, scope.join('/'), hash(canonical.join('\n'))].join('\n');
  const signature = createHmac('sha256', key).update(text).digest('hex');
  return {
    'x-amz-date': time,
    Authorization: `AWS4-HMAC-SHA256 Credential=${admin.accessKeyId}/${scope.join('/')}, SignedHeaders=host;x-amz-date, Signature=${signature}`,
  };
}

async function store(file) {
  const boundary = 'larmor-boundary';
  const head = `--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`;
  const response = await fetch(`${server.url}/dicomweb/studies`, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${server.token}`,
      'Content-Type': `multipart/related; type="application/dicom"; boundary=${boundary}`,
    },
    body: Buffer.concat([Buffer.from(head), file.bytes, Buffer.from(`\r\n--${boundary}--\r\n`)]),
  });
  assert.ok(response.ok, `${file.name}: ${response.status}`);
}

for (const file of files) await store(file);
const admin = accessKey('admin');
const client = clientOf(admin);
const send = (name, input, by = client) => by.send(new sdk[`${name}Command`](input));

const { datastoreSummaries } = await send('ListDatastores', {});
const datastoreId = datastoreSummaries[0].datastoreId;
const nobody = '0'.repeat(32);

const search = (filters, more = {}) =>
  send('SearchImageSets', { datastoreId, searchCriteria: filters && { filters, ...more.criteria }, ...more.input });
const equal = (value) => [{ operator: 'EQUAL', values: [value] }];
const seriesOf = (answer) => answer.imageSetsMetadataSummaries.map((one) => one.DICOMTags.DICOMSeriesInstanceUID);
const idOf = async (file) => {
  const found = await search([...equal({ DICOMSeriesInstanceUID: file.series }), ...equal({ isPrimary: true })]);
  return found.imageSetsMetadataSummaries[0].imageSetId;
};
const update = (imageSetId, latestVersionId, updates, more = {}) =>
  send('UpdateImageSetMetadata', { datastoreId, imageSetId, latestVersionId, updateImageSetMetadataUpdates: updates, ...more });
const updates = (attributes, name = 'updatableAttributes') => ({
  DICOMUpdates: { [name]: new TextEncoder().encode(JSON.stringify({ SchemaVersion: 1.1, ...attributes })) },
});

/** Waits for the end of an import job. */
async function ended(jobId) {
  const headers = { Authorization: `Bearer ${server.token}`, Prefer: 'wait=30' };
  for (;;) {
    const response = await fetch(`${server.url}/v1/jobs/${Number(jobId)}`, { headers });
    const job = await response.json();
    if (!['queued', 'running'].includes(job.state)) return;
    headers['If-None-Match'] = response.headers.get('etag');
  }
}

/** The call fails by that name with that status. */
async function fails(promise, name, status) {
  await assert.rejects(promise, (error) => {
    assert.equal(error.name, name, error.message);
    assert.equal(error.$metadata.httpStatusCode, status);
    assert.ok(sdk[name] === undefined || error instanceof sdk[name], 'as the class of the client');
    return true;
  });
}

const code = await runChecks({
  'there is one datastore, which is the library': async () => {
    assert.equal(datastoreSummaries.length, 1);
    assert.match(datastoreId, /^[0-9a-z]{32}$/);
    const { datastoreProperties } = await send('GetDatastore', { datastoreId });
    assert.equal(datastoreProperties.datastoreId, datastoreId);
    assert.equal(datastoreProperties.datastoreStatus, sdk.DatastoreStatus.ACTIVE);
    assert.ok(datastoreProperties.datastoreArn.endsWith(`:datastore/${datastoreId}`));
    assert.ok(Math.abs(Date.now() - datastoreProperties.createdAt) < 3_600_000);
    assert.deepEqual((await send('ListDatastores', { datastoreStatus: 'DELETED' })).datastoreSummaries, []);
    await fails(send('CreateDatastore', { datastoreName: 'another' }), 'ServiceQuotaExceededException', 402);
    await fails(send('DeleteDatastore', { datastoreId }), 'ConflictException', 409);
    await fails(send('GetDatastore', { datastoreId: nobody }), 'ResourceNotFoundException', 404);
    await fails(send('GetDatastore', { datastoreId: 'no-id' }), 'ValidationException', 400);
  },

  'image sets are found by each attribute': async () => {
    for (const file of files) {
      for (const [name, value] of [
        ['DICOMStudyInstanceUID', file.study],
        ['DICOMSeriesInstanceUID', file.series],
        ['DICOMPatientId', file.text('00100020')],
        ['DICOMAccessionNumber', file.text('00080050')],
        ['DICOMStudyId', file.text('00200010')],
      ]) {
        if (!value) continue;
        const found = await search(equal({ [name]: value }));
        assert.ok(seriesOf(found).includes(file.series), `${file.name} by ${name}`);
        const others = files.filter((other) => !seriesOf(found).includes(other.series));
        assert.ok(others.length > 0, `${name} tells some apart`);
      }
    }
    assert.deepEqual(seriesOf(await search(equal({ DICOMPatientId: 'nobody' }))), []);
    assert.equal((await search(equal({ isPrimary: true }))).imageSetsMetadataSummaries.length, files.length);
    assert.equal((await search(equal({ isPrimary: false }))).imageSetsMetadataSummaries.length, 0);
  },

  'a summary has what dcmjs reads of the file': async () => {
    const [hit] = (await search(equal({ DICOMSeriesInstanceUID: ct.series }))).imageSetsMetadataSummaries;
    const tags = hit.DICOMTags;
    assert.equal(tags.DICOMPatientId, ct.text('00100020'));
    assert.equal(tags.DICOMStudyInstanceUID, ct.study);
    assert.equal(tags.DICOMStudyDate, ct.text('00080020'));
    assert.equal(tags.DICOMSeriesModality, ct.text('00080060'));
    assert.equal(tags.DICOMSeriesNumber, Number(ct.text('00200011')));
    assert.equal(tags.DICOMNumberOfStudyRelatedInstances, 1);
    assert.equal(hit.version, 1);
    assert.equal(hit.isPrimary, true);
    assert.ok(hit.createdAt instanceof Date);
  },

  'ranges of times and of study dates have both their ends': async () => {
    const all = (await search()).imageSetsMetadataSummaries;
    const created = all.map((one) => one.createdAt).sort((a, b) => a - b);
    const between = (from, to) => [{ operator: 'BETWEEN', values: [from, to] }];
    const later = new Date(created.at(-1).getTime() + 1);
    const found = await search(between({ createdAt: created[0] }, { createdAt: later }));
    assert.equal(found.imageSetsMetadataSummaries.length, files.length);
    const before = new Date(created[0].getTime() - 1000);
    assert.equal((await search(between({ createdAt: new Date(0) }, { createdAt: before }))).imageSetsMetadataSummaries.length, 0);
    const date = ct.text('00080020');
    const day = { DICOMStudyDateAndTime: { DICOMStudyDate: date } };
    const expected = files.filter((file) => file.text('00080020') === date).map((file) => file.series).sort();
    assert.deepEqual(seriesOf(await search(between(day, day))).sort(), expected);
    const both = [...between(day, day), ...equal({ DICOMPatientId: 'nobody' })];
    assert.deepEqual(seriesOf(await search(both)), [], 'all filters must hold');
  },

  'pages in every order have each image set once': async () => {
    for (const sortField of Object.values(sdk.SortField)) {
      for (const sortOrder of ['ASC', 'DESC']) {
        const input = { datastoreId, searchCriteria: { sort: { sortField, sortOrder } } };
        const seen = [];
        const pages = sdk.paginateSearchImageSets({ client, pageSize: 2 }, input);
        for await (const page of pages) {
          assert.deepEqual(page.sort, { sortField, sortOrder });
          assert.ok(page.imageSetsMetadataSummaries.length <= 2);
          seen.push(...page.imageSetsMetadataSummaries);
        }
        assert.equal(new Set(seen.map((one) => one.imageSetId)).size, files.length);
        const key = (one) =>
          sortField === 'DICOMStudyDateAndTime'
            ? `${one.DICOMTags.DICOMStudyDate ?? ''} ${one.DICOMTags.DICOMStudyTime ?? ''}`
            : one[sortField].toISOString();
        const keys = seen.map(key);
        const sorted = [...keys].sort();
        assert.deepEqual(keys, sortOrder === 'ASC' ? sorted : sorted.reverse());
      }
    }
    const first = await search(undefined, { input: { maxResults: 1 } });
    const nextToken = first.nextToken;
    await fails(search(equal({ isPrimary: true }), { input: { nextToken } }), 'ValidationException', 400);
  },

  'wrong searches are refused': async () => {
    const wrong = [
      [{ operator: 'BETWEEN', values: [{ DICOMPatientId: 'a' }, { DICOMPatientId: 'b' }] }],
      [{ operator: 'EQUAL', values: [] }],
      [{ operator: 'LIKE', values: [{ DICOMPatientId: 'a' }] }],
      [{ operator: 'EQUAL', values: [{ DICOMStudyDateAndTime: { DICOMStudyDate: '2004' } }] }],
      [...equal({ DICOMStudyId: '1' }), ...equal({ DICOMStudyId: '2' })],
    ];
    for (const filters of wrong) await fails(search(filters), 'ValidationException', 400);
    await fails(search(undefined, { input: { maxResults: 51 } }), 'ValidationException', 400);
    await fails(send('SearchImageSets', { datastoreId: nobody }), 'ResourceNotFoundException', 404);
  },

  'an update makes a version, which old ones can be told from': async () => {
    const imageSetId = await idOf(ct);
    const before = await send('GetImageSet', { datastoreId, imageSetId });
    assert.equal(before.versionId, '1');
    assert.equal(before.imageSetWorkflowStatus, 'CREATED');
    assert.equal(before.imageSetState, 'ACTIVE');
    assert.ok(before.imageSetArn.endsWith(`/imageset/${imageSetId}`));

    const changed = await update(imageSetId, '1', updates({ Study: { DICOM: { StudyDescription: 'changed' } } }));
    assert.equal(changed.latestVersionId, '2');
    assert.equal(changed.imageSetWorkflowStatus, 'UPDATED');
    const removed = await update(imageSetId, '2', updates({ Study: { DICOM: { AccessionNumber: null } } }, 'removableAttributes'));
    assert.equal(removed.latestVersionId, '3');
    const found = await search(equal({ DICOMSeriesInstanceUID: ct.series }));
    assert.equal(found.imageSetsMetadataSummaries[0].DICOMTags.DICOMStudyDescription, 'changed');
    assert.equal(found.imageSetsMetadataSummaries[0].version, 3);

    const reverted = await update(imageSetId, '3', { revertToVersionId: '1' });
    assert.equal(reverted.latestVersionId, '4');
    const again = await search(equal({ DICOMSeriesInstanceUID: ct.series }));
    assert.equal(again.imageSetsMetadataSummaries[0].DICOMTags.DICOMStudyDescription, ct.text('00081030'));
    assert.equal((await send('GetImageSet', { datastoreId, imageSetId, versionId: '2' })).versionId, '2');
    await fails(send('GetImageSet', { datastoreId, imageSetId, versionId: '5' }), 'ResourceNotFoundException', 404);
  },

  'versions are listed, latest first, page by page': async () => {
    const imageSetId = await idOf(ct);
    const seen = [];
    for await (const page of sdk.paginateListImageSetVersions({ client, pageSize: 3 }, { datastoreId, imageSetId })) {
      seen.push(...page.imageSetPropertiesList);
    }
    assert.deepEqual(seen.map((one) => one.versionId), ['4', '3', '2', '1']);
    assert.deepEqual(seen.map((one) => one.ImageSetWorkflowStatus), ['UPDATED', 'UPDATED', 'UPDATED', 'CREATED']);
    assert.ok(seen.every((one) => one.isPrimary && one.imageSetState === 'ACTIVE'));
    await fails(send('ListImageSetVersions', { datastoreId, imageSetId, nextToken: 'x' }), 'ValidationException', 400);
  },

  'an update that saw another version is a conflict, and a wrong one changes nothing': async () => {
    const imageSetId = await idOf(ct);
    const change = updates({ Study: { DICOM: { StudyDescription: 'late' } } });
    await fails(update(imageSetId, '3', change), 'ConflictException', 409);
    await fails(update(nobody, '1', change), 'ResourceNotFoundException', 404);
    await fails(update(imageSetId, '4', updates({ Study: { DICOM: { NoSuchKeyword: 'x' } } })), 'ValidationException', 400);
    const studyId = updates({ Study: { DICOM: { StudyID: 'S9' } } });
    await fails(update(imageSetId, '4', studyId), 'ValidationException', 400);
    await fails(update(imageSetId, '4', updates({ Study: { DICOM: { StudyInstanceUID: '1.2.3' } } }), { force: true }), 'ValidationException', 400);
    await fails(update(imageSetId, '4', { revertToVersionId: '9' }), 'ValidationException', 400);
    const both = await bare('POST', `/datastore/${datastoreId}/imageSet/${imageSetId}/updateImageSetMetadata?latestVersion=4`, {
      body: JSON.stringify({ revertToVersionId: '1', DICOMUpdates: {} }),
    });
    assert.equal(both.status, 400);
    assert.equal(both.headers.get('x-amzn-errortype'), 'ValidationException');
    const forced = await update(imageSetId, '4', studyId, { force: true });
    assert.equal(forced.latestVersionId, '5');
    const { overrides } = await send('GetImageSet', { datastoreId, imageSetId });
    assert.deepEqual(overrides, { forced: true });
  },

  'an update of the whole study, which the client cannot ask for yet': async () => {
    const imageSetId = await idOf(files[1]);
    const { DICOMUpdates } = updates({ Patient: { DICOM: { PatientName: 'Other^Name' } } });
    const body = JSON.stringify({ DICOMUpdates: { updatableAttributes: Buffer.from(DICOMUpdates.updatableAttributes).toString('base64') } });
    const path = `/datastore/${datastoreId}/imageSet/${imageSetId}/updateImageSetMetadata?latestVersion=1&includeStudyImageSets=true`;
    assert.equal((await (await bare('POST', path, { body })).json()).latestVersionId, '2');
    const found = await search(equal({ DICOMSeriesInstanceUID: files[1].series }));
    assert.equal(found.imageSetsMetadataSummaries[0].DICOMTags.DICOMPatientName, 'Other^Name');
  },

  'a copy is an image set of its own, which can become the primary one': async () => {
    const file = files[2];
    const source = await idOf(file);
    const copy = (information, more = {}) =>
      send('CopyImageSet', { datastoreId, sourceImageSetId: source, copyImageSetInformation: { sourceImageSet: { latestVersionId: '1' }, ...information }, ...more });
    const { sourceImageSetProperties, destinationImageSetProperties } = await copy({});
    assert.equal(sourceImageSetProperties.imageSetId, source);
    assert.equal(destinationImageSetProperties.imageSetWorkflowStatus, 'COPIED');
    assert.equal(destinationImageSetProperties.imageSetState, 'ACTIVE');
    const { imageSetId } = destinationImageSetProperties;
    assert.notEqual(imageSetId, source);
    assert.equal((await send('GetImageSet', { datastoreId, imageSetId })).isPrimary, false);
    const one = (uid) => ({
      sourceImageSet: { latestVersionId: '1', DICOMCopies: { copiableAttributes: JSON.stringify({ SchemaVersion: '1.1', Study: { Series: { [file.series]: { Instances: { [uid]: {} } } } } }) } },
    });
    const part = await copy(one(file.instance));
    const destinationImageSet = { imageSetId, latestVersionId: '1' };
    await fails(copy({ destinationImageSet }), 'ConflictException', 409); // it has the instance already
    await fails(copy({ destinationImageSet: { imageSetId: nobody, latestVersionId: '1' } }), 'ResourceNotFoundException', 404);
    await fails(copy(one('1.2.3.4')), 'ResourceNotFoundException', 404);
    await fails(copy({ sourceImageSet: { latestVersionId: '7' } }), 'ConflictException', 409);
    await fails(copy({ sourceImageSet: { latestVersionId: '1', DICOMCopies: { copiableAttributes: '{}' } } }), 'ValidationException', 400);
    await fails(copy({}, { promoteToPrimary: true }), 'ValidationException', 400); // it is primary
    await send('DeleteImageSet', { datastoreId, imageSetId: part.destinationImageSetProperties.imageSetId });

    const promote = { datastoreId, sourceImageSetId: imageSetId, copyImageSetInformation: { sourceImageSet: { latestVersionId: '1' } }, promoteToPrimary: true };
    await fails(send('CopyImageSet', promote), 'ConflictException', 409);
    const promoted = await send('CopyImageSet', { ...promote, force: true });
    assert.equal(await idOf(file), promoted.destinationImageSetProperties.imageSetId);
    assert.equal((await send('GetImageSet', { datastoreId, imageSetId: source })).isPrimary, false);
    for (const id of [source, imageSetId]) await send('DeleteImageSet', { datastoreId, imageSetId: id });
  },

  'tags of the datastore and of an image set': async () => {
    const imageSetId = await idOf(ct);
    const { imageSetArn } = await send('GetImageSet', { datastoreId, imageSetId });
    const { datastoreProperties } = await send('GetDatastore', { datastoreId });
    for (const resourceArn of [imageSetArn, datastoreProperties.datastoreArn]) {
      await send('TagResource', { resourceArn, tags: { ward: 'three', 'käse': 'ä & b' } });
      await send('TagResource', { resourceArn, tags: { ward: 'four' } });
      assert.deepEqual((await send('ListTagsForResource', { resourceArn })).tags, { ward: 'four', 'käse': 'ä & b' });
      await send('UntagResource', { resourceArn, tagKeys: ['käse', 'never there'] });
      assert.deepEqual((await send('ListTagsForResource', { resourceArn })).tags, { ward: 'four' });
    }
    await fails(send('TagResource', { resourceArn: imageSetArn, tags: { 'aws:x': 'y' } }), 'ValidationException', 400);
    await fails(send('ListTagsForResource', { resourceArn: 'arn:aws:s3:::bucket' }), 'ValidationException', 400);
    await fails(send('ListTagsForResource', { resourceArn: imageSetArn.slice(0, -32) + nobody }), 'ResourceNotFoundException', 404);
  },

  'a deleted image set is gone, and its instance can be stored anew': async () => {
    const file = files.find((one) => one.name === 'rtdose.dcm');
    const imageSetId = await idOf(file);
    const deleted = await send('DeleteImageSet', { datastoreId, imageSetId });
    assert.equal(deleted.imageSetState, 'DELETED');
    assert.equal(deleted.imageSetWorkflowStatus, 'DELETED');
    await fails(send('GetImageSet', { datastoreId, imageSetId }), 'ResourceNotFoundException', 404);
    await fails(send('DeleteImageSet', { datastoreId, imageSetId }), 'ResourceNotFoundException', 404);
    assert.deepEqual(seriesOf(await search(equal({ DICOMSeriesInstanceUID: file.series }))), []);
    await store(file);
    assert.notEqual(await idOf(file), imageSetId);
  },

  'an import job writes its manifest, and a conflict is not primary': async () => {
    const place = mkdtempSync(join(tmpdir(), 'larmor-import-'));
    const input = join(place, 'in');
    mkdirSync(input);
    copyFileSync(`${folder}/CT_small.dcm`, join(input, 'known.dcm'));
    copyFileSync(`${folder}/image_dfl.dcm`, join(input, 'new.dcm'));
    // The same SOP Instance UID with another patient's name in it.
    const altered = Buffer.from(ct.bytes);
    altered.write('CompressedSamples^CT2', altered.indexOf('CompressedSamples^CT1'));
    writeFileSync(join(input, 'conflict.dcm'), altered);
    writeFileSync(join(input, 'notes.txt'), 'no DICOM');
    const request = {
      datastoreId, jobName: 'nightly', dataAccessRoleArn: 'arn:aws:iam::000000000000:role/none', clientToken: 'once',
      inputS3Uri: `file://${input}/`, outputS3Uri: `file://${place}/out/`,
    };
    const started = await send('StartDICOMImportJob', request);
    assert.equal(started.jobStatus, 'SUBMITTED');
    assert.match(started.jobId, /^[0-9a-z]{32}$/);
    assert.equal((await send('StartDICOMImportJob', request)).jobId, started.jobId, 'the same token, the same job');
    await fails(send('StartDICOMImportJob', { ...request, jobName: 'other' }), 'ConflictException', 409);
    await ended(started.jobId);
    const { jobProperties } = await send('GetDICOMImportJob', { datastoreId, jobId: started.jobId });
    assert.equal(jobProperties.jobStatus, 'COMPLETED');
    assert.equal(jobProperties.jobName, 'nightly');
    assert.equal(jobProperties.inputS3Uri, request.inputS3Uri);
    assert.ok(jobProperties.endedAt >= jobProperties.submittedAt);

    const out = join(place, 'out', `${datastoreId}-DicomImport-${started.jobId}`);
    const lines = (name) => readFileSync(join(out, name), 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line));
    const name = (line) => line.inputFile.split('/').at(-1);
    const successes = Object.fromEntries(lines('SUCCESS/success.ndjson').map((line) => [name(line), line.importResponse]));
    assert.deepEqual(Object.keys(successes).sort(), ['conflict.dcm', 'known.dcm', 'new.dcm']);
    assert.deepEqual(successes['known.dcm'], { imageSetId: await idOf(ct), isPrimary: true });
    assert.equal(successes['conflict.dcm'].isPrimary, false);
    const [failure, ...rest] = lines('FAILURE/failure.ndjson');
    assert.deepEqual([name(failure), rest.length, failure.exception.exceptionType], ['notes.txt', 0, 'ValidationException']);
    const { jobSummary } = JSON.parse(readFileSync(join(out, 'job-output-manifest.json'), 'utf8'));
    assert.equal(jobSummary.jobId, started.jobId);
    assert.equal(jobSummary.numberOfScannedFiles, 4);
    assert.equal(jobSummary.numberOfImportedFiles, 3);
    assert.equal(jobSummary.numberOfFilesWithCustomerError, 1);
    assert.equal(jobSummary.numberOfGeneratedImageSets, 3);
    assert.equal(jobSummary.successOutputS3Uri, `file://${out}/SUCCESS/`);
    assert.deepEqual(readdirSync(out).sort(), ['FAILURE', 'SUCCESS', 'job-output-manifest.json']);
    const others = await search(equal({ isPrimary: false }));
    assert.deepEqual(others.imageSetsMetadataSummaries.map((one) => one.imageSetId), [successes['conflict.dcm'].imageSetId]);
    await send('DeleteImageSet', { datastoreId, imageSetId: successes['conflict.dcm'].imageSetId });
    await send('DeleteImageSet', { datastoreId, imageSetId: successes['new.dcm'].imageSetId });

    const missing = await send('StartDICOMImportJob', { ...request, clientToken: 'two', jobName: 'second' });
    await ended(missing.jobId);
    const listed = [];
    for await (const page of sdk.paginateListDICOMImportJobs({ client, pageSize: 1 }, { datastoreId })) listed.push(...page.jobSummaries);
    assert.deepEqual(listed.map((one) => one.jobName), ['second', 'nightly']);
    assert.deepEqual((await send('ListDICOMImportJobs', { datastoreId, jobStatus: 'FAILED' })).jobSummaries, []);
    for (const bucket of [{ inputS3Uri: 's3://bucket/in/' }, { outputS3Uri: 's3://bucket/out/' }]) {
      await fails(send('StartDICOMImportJob', { ...request, clientToken: 'three', ...bucket }), 'AccessDeniedException', 403);
    }
    for (const wrong of [{ inputS3Uri: 'http://bucket/in/' }, { inputS3Uri: 's3://b/' }, { outputS3Uri: 'file:///tmp/../etc/' }, { inputS3Uri: `file://${place}/none/` }]) {
      await fails(send('StartDICOMImportJob', { ...request, clientToken: 'three', ...wrong }), 'ValidationException', 400);
    }
    await fails(send('GetDICOMImportJob', { datastoreId, jobId: '9'.repeat(18) }), 'ResourceNotFoundException', 404);
    rmSync(place, { recursive: true });
  },

  'a wrong secret, an unknown key and a token of AWS are refused': async () => {
    const wrong = clientOf({ ...admin, secretAccessKey: 'x'.repeat(43) });
    await fails(send('ListDatastores', {}, wrong), 'InvalidSignatureException', 403);
    const unknown = clientOf({ ...admin, accessKeyId: 'AKIAIOSFODNN7EXAMPLE' });
    await fails(send('ListDatastores', {}, unknown), 'UnrecognizedClientException', 403);
    const temporary = clientOf({ ...admin, sessionToken: 'token' });
    await fails(send('ListDatastores', {}, temporary), 'UnrecognizedClientException', 403);
    const silent = await bare('GET', '/datastore', { headers: { Authorization: '' } });
    assert.equal(silent.status, 403);
    const broken = await bare('GET', '/datastore', { headers: { Authorization: 'AWS4-HMAC-SHA256 x' } });
    assert.equal(broken.headers.get('x-amzn-errortype'), 'IncompleteSignatureException');
  },

  'a clock that is 16 minutes wrong is refused, and the client sets it right by our answer': async () => {
    for (const minutes of [-16, 16]) {
      const skewed = () => ({ systemClockOffset: minutes * 60_000 });
      await fails(send('ListDatastores', {}, clientOf(admin, skewed())), 'InvalidSignatureException', 403);
      const patient = clientOf(admin, { ...skewed(), maxAttempts: 2 });
      const answer = await send('ListDatastores', {}, patient);
      assert.equal(answer.$metadata.attempts, 2);
    }
    await send('ListDatastores', {}, clientOf(admin, { systemClockOffset: 14 * 60_000 }));
  },

  'a body, a query, a path or a header that was changed on the way is refused': async () => {
    const imageSetId = await idOf(ct);
    const change = updates({ Study: { DICOM: { StudyDescription: 'changed on the way' } } });
    const alterations = {
      body: (request) => { request.body = request.body.replace('DICOMUpdates', 'DICOMUpdatez'); },
      query: (request) => { request.query.force = 'true'; },
      path: (request) => { request.path = request.path.replace(imageSetId, nobody); },
      header: (request) => { request.headers['x-amz-user-agent'] = 'somebody else'; },
      'hash of the body': (request) => {
        request.body = request.body.replace('DICOMUpdates', 'DICOMUpdatez');
        request.headers['x-amz-content-sha256'] = createHash('sha256').update(request.body).digest('hex');
      },
      'unsigned header': (request) => { request.headers['x-amz-other'] = 'x'; },
    };
    for (const [what, alter] of Object.entries(alterations)) {
      const altered = clientOf(admin);
      altered.middlewareStack.add((next) => (args) => { alter(args.request); return next(args); },
        { step: 'finalizeRequest', priority: 'low', name: 'alteration' });
      const call = send('UpdateImageSetMetadata', { datastoreId, imageSetId, latestVersionId: '5', updateImageSetMetadataUpdates: change }, altered);
      await fails(call, 'InvalidSignatureException', 403).catch((error) => { throw new Error(`${what}: ${error.message}`); });
    }
    assert.equal((await send('GetImageSet', { datastoreId, imageSetId })).versionId, '5');
  },

  'clients that do not send the hash of the body are verified by it': async () => {
    // boto3 signs the body's hash without sending it.
    const imageSetId = await idOf(ct);
    const path = `/healthimaging/datastore/${datastoreId}/imageSet/${imageSetId}/getImageSet`;
    const call = (signed, sent = signed) =>
      fetch(`${server.url}${path}`, { method: 'POST', headers: signedByHand(path, signed), body: sent });
    assert.equal((await call('{}')).status, 200);
    const altered = await call('{}', '{ }');
    assert.equal(altered.status, 403);
    assert.equal(altered.headers.get('x-amzn-errortype'), 'InvalidSignatureException');
  },

  'a key does what its role may, until it is revoked': async () => {
    const key = accessKey('reader');
    const reader = clientOf(key);
    const imageSetId = await idOf(ct);
    assert.equal((await send('GetImageSet', { datastoreId, imageSetId }, reader)).imageSetId, imageSetId);
    await fails(send('DeleteImageSet', { datastoreId, imageSetId }, reader), 'AccessDeniedException', 403);
    const revert = { datastoreId, imageSetId, latestVersionId: '5', updateImageSetMetadataUpdates: { revertToVersionId: '1' } };
    await fails(send('UpdateImageSetMetadata', revert, reader), 'AccessDeniedException', 403);
    const larmor = (...words) => execFileSync(binary, ['access-key', ...words, '--library', server.library], { encoding: 'utf8' });
    assert.match(larmor('list'), new RegExp(`${key.accessKeyId} +reader`));
    assert.ok(!larmor('list').includes(key.secretAccessKey));
    larmor('revoke', key.accessKeyId);
    await fails(send('GetImageSet', { datastoreId, imageSetId }, reader), 'UnrecognizedClientException', 403);
  },

  'bearer tokens are taken too, by the same rules': async () => {
    const answer = await bare('GET', '/datastore');
    assert.equal((await answer.json()).datastoreSummaries[0].datastoreId, datastoreId);
    const wrong = await bare('GET', '/datastore', { headers: { Authorization: 'Bearer larmor_guess' } });
    assert.equal(wrong.status, 403);
    assert.equal(wrong.headers.get('x-amzn-errortype'), 'UnrecognizedClientException');
    const secret = await bare('GET', '/datastore', { headers: { Authorization: `Bearer ${admin.secretAccessKey}` } });
    assert.equal(secret.status, 403, 'a secret that signs is no token');
  },

  'what was done is on record with the key that did it': async () => {
    const trail = execFileSync(binary, ['audit', 'show', '--library', server.library], { encoding: 'utf8' });
    assert.ok(trail.includes(admin.accessKeyId) && trail.includes('access-key'));
    assert.ok(trail.includes('healthimaging.update_image_set_metadata'));
    assert.ok(!trail.includes(admin.secretAccessKey));
  },
});
process.exitCode = (await server.stop()) === 0 ? code : 1;
