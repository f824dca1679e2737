// UIDs of image sets that are not primary, edited by the official client of AWS HealthImaging, and what readers of every
// kind see then: metadata, files, searches, and the image set as the primary one of its new place.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { startServer } from './lib/server.mjs';
import { runChecks } from './lib/checks.mjs';
import { callsOf, clientOf, documentOf, fails, updatesOf } from './lib/healthimaging.mjs';

const require = createRequire(import.meta.url);
const dcmjs = require('dcmjs');
dcmjs.log.setLevel('error');
const read = (bytes) => dcmjs.data.DicomMessage.readFile(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));

const pixels = (file) => Buffer.from(read(file).dict['7FE00010'].Value[0]);

const ct = readFileSync('/usr/lib/python3/dist-packages/pydicom/data/test_files/CT_small.dcm');
const { dict } = read(ct);
const [study, series, instance] = ['0020000D', '0020000E', '00080018'].map((tag) => dict[tag].Value[0]);
const made = { study: '2.25.1', series: '2.25.2', instance: '2.25.3' };

const server = await startServer({ role: 'admin' });
const authorization = { Authorization: `Bearer ${server.token}` };
const send = callsOf(clientOf(server, 'admin'));

async function store(bytes) {
  const response = await fetch(`${server.url}/dicomweb/studies`, {
    method: 'POST',
    headers: { ...authorization, 'Content-Type': 'application/dicom' },
    body: bytes,
  });
  assert.ok(response.ok || response.status === 409, `${response.status}`);
}
await store(ct);
// The same SOP Instance UID with another patient's name and another pixel in it.
const altered = Buffer.from(ct);
altered.write('CompressedSamples^CT2', altered.indexOf('CompressedSamples^CT1'));
altered[altered.indexOf(pixels(ct))] ^= 1;
await store(altered);

const { datastoreSummaries: [{ datastoreId }] } = await send('ListDatastores', {});
const searchBy = async (filter) =>
  (await send('SearchImageSets', { datastoreId, searchCriteria: { filters: [{ operator: 'EQUAL', values: [filter] }] } })).imageSetsMetadataSummaries;
const [{ imageSetId }] = await searchBy({ isPrimary: false });
const [primary] = await searchBy({ isPrimary: true });
const names = { datastoreId, imageSetId };
const all = {
  Study: {
    DICOM: { StudyInstanceUID: made.study },
    Series: { [series]: { DICOM: { SeriesInstanceUID: made.series }, Instances: { [instance]: { DICOM: { SOPInstanceUID: made.instance } } } } },
  },
};
const update = (attributes, more) => send('UpdateImageSetMetadata', { ...names, updateImageSetMetadataUpdates: updatesOf(attributes), ...more });

const path = (uids) => `/dicomweb/studies/${uids.study}/series/${uids.series}/instances/${uids.instance}`;
const get = (target, accept) => fetch(`${server.url}${target}`, { headers: { ...authorization, Accept: accept } });
const here = (version) => `${path(made)}?imageSetId=${imageSetId}${version ? `&imageSetVersion=${version}` : ''}`;
const uidsOf = (elements) => ({
  study: elements['0020000D'].Value[0], series: elements['0020000E'].Value[0], instance: elements['00080018'].Value[0],
});
async function file(target) {
  const response = await get(target, 'application/dicom; transfer-syntax=*');
  assert.equal(response.status, 200, await response.clone().text());
  return read(Buffer.from(await response.arrayBuffer()));
}

/** What the metadata say is under the BulkDataURI of the pixels. */
async function pixelsBy(target) {
  const [elements] = await (await get(target, 'application/dicom+json')).json();
  const response = await fetch(elements['7FE00010'].BulkDataURI, { headers: { ...authorization, Accept: 'application/octet-stream' } });
  assert.equal(response.status, 200, elements['7FE00010'].BulkDataURI);
  return Buffer.from(await response.arrayBuffer());
}
const ofAltered = pixels(altered);

const code = await runChecks({
  'they need force, and are never those of a primary image set': async () => {
    await fails(update(all, { latestVersionId: '1' }), 'ValidationException', 400);
    await fails(update(all, { latestVersionId: '1', force: true, imageSetId: primary.imageSetId }), 'ValidationException', 400);
    const removed = { DICOMUpdates: { removableAttributes: new TextEncoder().encode(JSON.stringify({ Study: { DICOM: { StudyInstanceUID: null } } })) } };
    await fails(update({}, { latestVersionId: '1', force: true, updateImageSetMetadataUpdates: removed }), 'ValidationException', 400);
    assert.equal((await send('GetImageSet', names)).versionId, '1');
  },

  'metadata and searches have the new ones': async () => {
    const updated = await update(all, { latestVersionId: '1', force: true });
    assert.equal(updated.latestVersionId, '2');
    assert.deepEqual((await send('GetImageSet', names)).overrides, { forced: true });
    const document = await documentOf(send, names);
    assert.equal(document.Study.DICOM.StudyInstanceUID, made.study);
    assert.deepEqual(Object.keys(document.Study.Series), [made.series]);
    assert.deepEqual(Object.keys(document.Study.Series[made.series].Instances), [made.instance]);
    assert.equal(document.Study.Series[made.series].Instances[made.instance].DICOM.SOPInstanceUID, made.instance);
    assert.deepEqual((await searchBy({ DICOMSeriesInstanceUID: made.series })).map((one) => one.imageSetId), [imageSetId]);
    assert.deepEqual((await searchBy({ DICOMSeriesInstanceUID: series })).map((one) => one.imageSetId), [primary.imageSetId]);
    const before = await documentOf(send, { ...names, versionId: '1' });
    assert.deepEqual(Object.keys(before.Study.Series[series].Instances), [instance], 'an older version has its own');
  },

  'DICOMweb finds it by them, and files have them in both places': async () => {
    const answer = await get(`${here().replace('?', '/metadata?')}`, 'application/dicom+json');
    assert.deepEqual(uidsOf((await answer.json())[0]), made);
    const edited = await file(here());
    assert.deepEqual(uidsOf(edited.dict), made);
    assert.equal(edited.meta['00020003'].Value[0], made.instance);
    const original = edited.dict['04000561'].Value[0]['04000550'].Value[0];
    assert.equal(original['00080018'].Value[0], instance, 'Original Attributes Sequence');
    const decoded = await get(here(), 'application/dicom; transfer-syntax=1.2.840.10008.1.2.1');
    assert.equal(read(Buffer.from(await decoded.arrayBuffer())).meta['00020003'].Value[0], made.instance);
    const frames = await get(`${path(made)}/frames/1?imageSetId=${imageSetId}`, 'application/octet-stream');
    assert.equal(frames.status, 200);
    for (const version of [undefined, 1]) {
      assert.deepEqual(await pixelsBy(here(version).replace('?', '/metadata?')), ofAltered);
    }
    // The path names what it is called now, whatever the version.
    const first = await file(here(1));
    assert.deepEqual(uidsOf(first.dict), { study, series, instance });
    assert.equal(first.meta['00020003'].Value[0], instance);
    assert.equal((await get(`${path({ study, series, instance })}?imageSetId=${imageSetId}`, '*/*')).status, 404);
    assert.equal((await get(`/dicomweb/studies/${made.study}/metadata`, 'application/dicom+json')).status, 404, 'it is not primary');
  },

  'going back brings the old ones back, and going back to those the new ones': async () => {
    const revert = (latestVersionId, revertToVersionId) =>
      send('UpdateImageSetMetadata', { ...names, latestVersionId, updateImageSetMetadataUpdates: { revertToVersionId } });
    await revert('2', '1');
    assert.deepEqual(uidsOf((await file(`${path({ study, series, instance })}?imageSetId=${imageSetId}`)).dict), { study, series, instance });
    await revert('3', '2');
    assert.deepEqual(uidsOf((await file(here())).dict), made);
  },

  'promoted, it is what everybody finds there, beside the first': async () => {
    await send('CopyImageSet', {
      datastoreId, sourceImageSetId: imageSetId, promoteToPrimary: true,
      copyImageSetInformation: { sourceImageSet: { latestVersionId: '4' } },
    });
    const found = await (await get(`/dicomweb/studies?PatientName=CompressedSamples^CT2`, 'application/dicom+json')).json();
    assert.deepEqual(found.map((one) => one['0020000D'].Value[0]), [made.study]);
    const promoted = await file(path(made));
    assert.deepEqual(uidsOf(promoted.dict), made);
    assert.deepEqual(uidsOf((await file(path({ study, series, instance }))).dict), { study, series, instance });
    const metadata = await (await get(`/dicomweb/studies/${made.study}/metadata`, 'application/dicom+json')).json();
    assert.deepEqual(metadata.map(uidsOf), [made]);
    assert.deepEqual(await pixelsBy(`/dicomweb/studies/${made.study}/metadata`), ofAltered);
    assert.deepEqual(await pixelsBy(`${path({ study, series, instance })}/metadata`), pixels(ct));
  },
});
await server.stop();
process.exit(code);
