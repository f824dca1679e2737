// GetImageSetMetadata and GetImageFrame by the official client of AWS HealthImaging, and the frames by the decoder
// that viewers in browsers use.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as sdk from '@aws-sdk/client-medical-imaging';
import { binary, startServer } from './lib/server.mjs';
import { runChecks } from './lib/checks.mjs';
import { callsOf, clientOf, documentOf } from './lib/healthimaging.mjs';

const require = createRequire(import.meta.url);
const dcmjs = require('dcmjs');
dcmjs.log.setLevel('error');
const decoders = createRequire(new URL('../../web/package.json', import.meta.url));
const openJph = await decoders('@cornerstonejs/codec-openjph')();

const folder = '/usr/lib/python3/dist-packages/pydicom/data/test_files';
const ct = readFileSync(`${folder}/CT_small.dcm`);
const { dict } = dcmjs.data.DicomMessage.readFile(ct.buffer.slice(ct.byteOffset, ct.byteOffset + ct.length));

const server = await startServer({ role: 'admin' });
execFileSync(binary, ['import', '--library', server.library, `${folder}/CT_small.dcm`], { stdio: 'ignore' });

const send = callsOf(clientOf(server, 'admin'));

const { datastoreSummaries: [{ datastoreId }] } = await send('ListDatastores', {});
const { imageSetsMetadataSummaries: [{ imageSetId }] } = await send('SearchImageSets', { datastoreId, searchCriteria: {} });
const names = { datastoreId, imageSetId };

const metadata = (versionId) => documentOf(send, { ...names, versionId });
const instanceOf = (document) => Object.values(Object.values(document.Study.Series)[0].Instances)[0];

function decoded(codestream) {
  const decoder = new openJph.HTJ2KDecoder();
  decoder.getEncodedBuffer(codestream.length).set(codestream);
  decoder.decode();
  return { info: decoder.getFrameInfo(), pixels: Buffer.from(decoder.getDecodedBuffer()) };
}

const code = await runChecks({
  'gives metadata whose frames decode to the pixels of the file': async () => {
    const document = await metadata();
    assert.equal(document.ImageSetID, imageSetId);
    assert.equal(document.Patient.DICOM.PatientID, dict['00100020'].Value[0]);
    const instance = instanceOf(document);
    assert.equal(instance.DICOM.SOPInstanceUID, dict['00080018'].Value[0]);
    const [frame] = instance.ImageFrames;
    const answer = await send('GetImageFrame', { ...names, imageFrameInformation: { imageFrameId: frame.ID } });
    assert.equal(answer.contentType, 'image/jph');
    const codestream = await answer.imageFrameBlob.transformToByteArray();
    assert.equal(codestream.length, frame.FrameSizeInBytes);
    const { info, pixels } = decoded(codestream);
    assert.deepEqual([info.width, info.height, info.isSigned], [128, 128, true]);
    assert.ok(pixels.equals(Buffer.from(dict['7FE00010'].Value[0])));
  },

  'gives each version, with the same frames': async () => {
    const first = await metadata();
    await send('UpdateImageSetMetadata', {
      ...names,
      latestVersionId: '1',
      updateImageSetMetadataUpdates: {
        DICOMUpdates: { updatableAttributes: Buffer.from('{"SchemaVersion":1.1,"Patient":{"DICOM":{"PatientName":"ANON^ANON"}}}') },
      },
    });
    const second = await metadata();
    assert.equal(second.Patient.DICOM.PatientName, 'ANON^ANON');
    assert.deepEqual(instanceOf(second).ImageFrames, instanceOf(first).ImageFrames);
    assert.deepEqual(await metadata('1'), first);
  },

  'says by their names what is wrong': async () => {
    const refused = async (name, input, error) => assert.rejects(() => send(name, input), (thrown) => thrown instanceof sdk[error]);
    await refused('GetImageSetMetadata', { ...names, versionId: '9' }, 'ResourceNotFoundException');
    await refused('GetImageSetMetadata', { ...names, imageSetId: '0'.repeat(32) }, 'ResourceNotFoundException');
    const imageFrameInformation = { imageFrameId: 'f'.repeat(32) };
    await refused('GetImageFrame', { ...names, imageFrameInformation }, 'ResourceNotFoundException');
    await assert.rejects(
      () => callsOf(clientOf(server, 'monitor'))('GetImageFrame', { ...names, imageFrameInformation }),
      (thrown) => thrown instanceof sdk.AccessDeniedException,
    );
  },
});
assert.equal(await server.stop(), 0);
process.exit(code);
