// dicomweb-client (the client of OHIF and Slim) and dcmjs against our server: what the one stores and gets
// back, the other reads from the files themselves.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { startServer } from './lib/server.mjs';
import { runChecks } from './lib/checks.mjs';

const require = createRequire(import.meta.url);
globalThis.XMLHttpRequest = require('xhr2');
const { api } = require('dicomweb-client');
const dcmjs = require('dcmjs');
dcmjs.log.setLevel('error');

const folder = '/usr/lib/python3/dist-packages/pydicom/data/test_files';
// Native and encapsulated, grey and colour, one and several frames; dcmjs reads them all.
const names = ['CT_small.dcm', 'MR_small.dcm', 'JPEG2000.dcm', 'SC_rgb_rle.dcm', 'SC_rgb_jpeg_dcmtk.dcm', 'rtdose.dcm'];

const files = names.map((name) => {
  const bytes = readFileSync(`${folder}/${name}`);
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  const { dict, meta } = dcmjs.data.DicomMessage.readFile(buffer);
  const uid = (tag) => dict[tag].Value[0];
  return {
    name, buffer, dict, meta,
    ids: { studyInstanceUID: uid('0020000D'), seriesInstanceUID: uid('0020000E'), sopInstanceUID: uid('00080018') },
  };
});
const byName = Object.fromEntries(files.map((file) => [file.name, file]));

const server = await startServer();
const client = new api.DICOMwebClient({
  url: `${server.url}/dicomweb`,
  headers: { Authorization: `Bearer ${server.token}` },
});
const studies = [...new Set(files.map((file) => file.ids.studyInstanceUID))].sort();

const code = await runChecks({
  'stores instances with STOW-RS': async () => {
    const answer = await client.storeInstances({ datasets: files.map((file) => file.buffer) });
    const response = typeof answer === 'string' ? JSON.parse(answer) : answer;
    const stored = response['00081199'].Value.map((item) => item['00081155'].Value[0]).sort();
    assert.deepEqual(stored, files.map((file) => file.ids.sopInstanceUID).sort());
    assert.equal(response['00081198'], undefined);
  },

  'finds every study, and one by its patient': async () => {
    const all = await client.searchForStudies();
    assert.deepEqual(all.map((study) => study['0020000D'].Value[0]).sort(), studies);
    const ct = byName['CT_small.dcm'];
    const found = await client.searchForStudies({ queryParams: { PatientID: ct.dict['00100020'].Value[0] } });
    assert.deepEqual(found.map((study) => study['0020000D'].Value[0]), [ct.ids.studyInstanceUID]);
    assert.deepEqual(found[0]['00080061'].Value, ['CT']);
  },

  'finds series and instances of a study': async () => {
    for (const { ids, dict } of files) {
      const series = await client.searchForSeries(ids);
      assert.ok(series.some((one) => one['0020000E'].Value[0] === ids.seriesInstanceUID));
      const instances = await client.searchForInstances(ids);
      const mine = instances.find((one) => one['00080018'].Value[0] === ids.sopInstanceUID);
      assert.equal(mine['00280010'].Value[0], dict['00280010'].Value[0]);
    }
  },

  'metadata has every data element that dcmjs reads': async () => {
    for (const { name, ids, dict } of files) {
      const metadata = await client.retrieveInstanceMetadata(ids);
      const object = Array.isArray(metadata) ? metadata[0] : metadata;
      const expected = Object.keys(dict).filter((tag) => !tag.endsWith('0000')).sort();
      assert.deepEqual(Object.keys(object).sort(), expected, name);
      assert.deepEqual(object['00100020']?.Value, dict['00100020']?.Value, name);
      assert.ok(object['7FE00010'].BulkDataURI, name);
    }
    const study = await client.retrieveStudyMetadata(byName['CT_small.dcm'].ids);
    assert.equal(study.length, 1);
  },

  'an instance comes back as Explicit VR Little Endian that dcmjs reads': async () => {
    for (const name of ['CT_small.dcm', 'MR_small.dcm']) {
      const { ids, dict } = byName[name];
      const back = await client.retrieveInstance(ids);
      const read = dcmjs.data.DicomMessage.readFile(Array.isArray(back) ? back[0] : back);
      assert.equal(read.meta['00020010'].Value[0], '1.2.840.10008.1.2.1', name);
      assert.deepEqual(new Uint8Array(read.dict['7FE00010'].Value[0]), new Uint8Array(dict['7FE00010'].Value[0]), name);
    }
  },

  'a series comes back whole': async () => {
    const { ids } = byName['CT_small.dcm'];
    const parts = await client.retrieveSeries(ids);
    assert.equal(parts.length, 1);
    assert.equal(dcmjs.data.DicomMessage.readFile(parts[0]).dict['00080018'].Value[0], ids.sopInstanceUID);
  },

  'frames are the bytes of the file': async () => {
    const { ids, dict } = byName['CT_small.dcm'];
    const [frame] = await client.retrieveInstanceFrames({ ...ids, frameNumbers: [1] });
    assert.deepEqual(new Uint8Array(frame), new Uint8Array(dict['7FE00010'].Value[0]));
    const multi = byName['rtdose.dcm'];
    const count = Number(multi.dict['00280008'].Value[0]);
    const frames = await client.retrieveInstanceFrames({ ...multi.ids, frameNumbers: [1, count] });
    const whole = new Uint8Array(multi.dict['7FE00010'].Value[0]);
    const size = whole.length / count;
    assert.equal(frames.length, 2);
    assert.deepEqual(new Uint8Array(frames[0]), whole.slice(0, size));
    assert.deepEqual(new Uint8Array(frames[1]), whole.slice(whole.length - size));
  },

  'a compressed frame decodes to native bytes by default': async () => {
    const { ids, dict } = byName['SC_rgb_rle.dcm'];
    const [frame] = await client.retrieveInstanceFrames({ ...ids, frameNumbers: [1] });
    const value = (tag) => Number(dict[tag].Value[0]);
    assert.equal(frame.byteLength, value('00280010') * value('00280011') * value('00280002'));
  },

  'bulk data is found where the metadata says': async () => {
    const { ids, dict } = byName['MR_small.dcm'];
    const [metadata] = [await client.retrieveInstanceMetadata(ids)].flat();
    const [bytes] = await client.retrieveBulkData({ BulkDataURI: metadata['7FE00010'].BulkDataURI });
    assert.deepEqual(new Uint8Array(bytes), new Uint8Array(dict['7FE00010'].Value[0]));
  },

  'a search returns what includefield names, from the instance itself': async () => {
    for (const { name, ids, dict } of files) {
      const queryParams = { SOPInstanceUID: ids.sopInstanceUID, includefield: 'ImageType,00080070,PhotometricInterpretation' };
      const [found] = await client.searchForInstances({ queryParams });
      for (const tag of ['00080008', '00080070', '00280004']) {
        assert.deepEqual(found[tag]?.Value ?? [], (dict[tag]?.Value ?? []).filter((value) => value !== ''), `${name} ${tag}`);
      }
    }
  },

  'several rendered frames come as a multipart of pictures': async () => {
    const { ids } = byName['rtdose.dcm'];
    const path = `studies/${ids.studyInstanceUID}/series/${ids.seriesInstanceUID}/instances/${ids.sopInstanceUID}`;
    const answer = await fetch(`${server.url}/dicomweb/${path}/frames/1,3/rendered`, {
      headers: { Authorization: `Bearer ${server.token}`, Accept: 'multipart/related; type="image/png"' },
    });
    assert.equal(answer.status, 200);
    const text = Buffer.from(await answer.arrayBuffer()).toString('latin1');
    assert.equal(text.split('\x89PNG').length - 1, 2);
  },

  'rendered frames and thumbnails are pictures': async () => {
    for (const { name, ids } of files) {
      const [jpeg] = [await client.retrieveInstanceRendered({ ...ids, mediaTypes: [{ mediaType: 'image/jpeg' }] })].flat();
      assert.deepEqual([...new Uint8Array(jpeg).slice(0, 3)], [0xff, 0xd8, 0xff], name);
      const [png] = [await client.retrieveInstanceFramesRendered({ ...ids, frameNumbers: [1], mediaTypes: [{ mediaType: 'image/png' }] })].flat();
      assert.deepEqual([...new Uint8Array(png).slice(1, 4)], [...Buffer.from('PNG')], name);
    }
  },

  'storing the same again changes nothing': async () => {
    await client.storeInstances({ datasets: files.map((file) => file.buffer) });
    const all = await client.searchForInstances();
    assert.equal(all.length, files.length);
  },

  'without a token there is nothing': async () => {
    const stranger = new api.DICOMwebClient({ url: `${server.url}/dicomweb` });
    await assert.rejects(stranger.searchForStudies(), (error) => error.status === 401);
  },
});
process.exitCode = (await server.stop()) === 0 ? code : 1;
