// The official client of AWS HealthImaging, set up for a server of ours.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { gunzipSync } from 'node:zlib';
import * as sdk from '@aws-sdk/client-medical-imaging';
import { binary } from './server.mjs';

/** A client with an access key of that role. `options` are more of the client's. */
export function clientOf(server, role, options = {}) {
  const lines = execFileSync(binary, ['access-key', 'create', '--role', role, '--library', server.library], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const value = (name) => new RegExp(`^export ${name}=(\\S+)$`, 'm').exec(lines)[1];
  return new sdk.MedicalImagingClient({
    region: 'eu-central-1',
    endpoint: `${server.url}/healthimaging`,
    disableHostPrefix: true,
    maxAttempts: 1,
    credentials: { accessKeyId: value('AWS_ACCESS_KEY_ID'), secretAccessKey: value('AWS_SECRET_ACCESS_KEY') },
    ...options,
  });
}

/** Calls of one client by their names: `send('GetImageSet', {...})`. */
export const callsOf = (client) => (name, input) => client.send(new sdk[`${name}Command`](input));

/** What UpdateImageSetMetadata takes. */
export const updatesOf = (attributes) => ({
  DICOMUpdates: { updatableAttributes: new TextEncoder().encode(JSON.stringify({ SchemaVersion: 1.1, ...attributes })) },
});

/** The document of GetImageSetMetadata. */
export async function documentOf(send, names) {
  const answer = await send('GetImageSetMetadata', names);
  assert.equal(answer.contentType, 'application/json');
  assert.equal(answer.contentEncoding, 'gzip');
  return JSON.parse(gunzipSync(await answer.imageSetMetadataBlob.transformToByteArray()));
}

/** The call fails by that name with that status, as the class that the client has for it. */
export async function fails(promise, name, status) {
  await assert.rejects(promise, (error) => {
    assert.equal(error.name, name, error.message);
    assert.equal(error.$metadata.httpStatusCode, status);
    assert.ok(sdk[name] === undefined || error instanceof sdk[name], 'as the class of the client');
    return true;
  });
}

/** Waits for the end of an import job. */
export async function ended(server, jobId) {
  const headers = { Authorization: `Bearer ${server.token}`, Prefer: 'wait=30' };
  for (;;) {
    const response = await fetch(`${server.url}/v1/jobs/${Number(jobId)}`, { headers });
    const job = await response.json();
    if (!['queued', 'running'].includes(job.state)) return job;
    headers['If-None-Match'] = response.headers.get('etag');
  }
}
