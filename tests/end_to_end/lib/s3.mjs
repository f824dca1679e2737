// A real S3 server (tests/s3/rgw.py) for one script, and requests to it that are signed here and not by the program.
import { spawn } from 'node:child_process';
import { createHash, createHmac } from 'node:crypto';
import { createInterface } from 'node:readline';

const NOT_INSTALLED = 77;
const hash = (bytes) => createHash('sha256').update(bytes).digest('hex');
const hmac = (key, text) => createHmac('sha256', key).update(text).digest();

export class S3 {
  /** Nothing where its packages are not installed, which is said loudly. */
  static async start() {
    const script = spawn('/usr/bin/python3', [new URL('../../s3/rgw.py', import.meta.url).pathname], { stdio: ['pipe', 'pipe', 'inherit'] });
    const ended = new Promise((resolve) => script.on('exit', resolve));
    const greeting = await Promise.race([
      new Promise((resolve) => createInterface({ input: script.stdout }).once('line', resolve)),
      ended,
    ]);
    if (greeting === NOT_INSTALLED) {
      console.log("*** Ceph's S3 gateway is not installed: NOTHING is tested on it. `./dev setup` installs it. ***");
      return undefined;
    }
    const [, endpoint, access, secret] = String(greeting).split(' ');
    return Object.assign(new S3(), { script, ended, endpoint, access, secret });
  }

  get environment() {
    return { AWS_ACCESS_KEY_ID: this.access, AWS_SECRET_ACCESS_KEY: this.secret };
  }

  /** Source: Signature Version 4, "Signing requests". */
  async request(method, path, { query = '', body = '' } = {}) {
    const time = new Date().toISOString().replace(/[:-]|\.\d{3}/g, '');
    const scope = [time.slice(0, 8), 'us-east-1', 's3', 'aws4_request'];
    const payload = hash(body);
    const canonical = [method, path, query, `host:${new URL(this.endpoint).host}`, `x-amz-content-sha256:${payload}`, `x-amz-date:${time}`, '',
      'host;x-amz-content-sha256;x-amz-date', payload].join('\n');
    const key = scope.reduce(hmac, `AWS4${this.secret}`);
    const signature = createHmac('sha256', key).update(['AWS4-HMAC-SHA256', time, scope.join('/'), hash(canonical)].join('\n')).digest('hex');
    return fetch(`${this.endpoint}${path}${query && `?${query}`}`, {
      method,
      body: body || undefined,
      headers: {
        'x-amz-date': time,
        'x-amz-content-sha256': payload,
        Authorization: `AWS4-HMAC-SHA256 Credential=${this.access}/${scope.join('/')}, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=${signature}`,
      },
    });
  }

  async put(bucket, key, body) {
    const answer = await this.request('PUT', `/${bucket}${key && `/${key}`}`, { body });
    if (!answer.ok) throw new Error(`PUT ${bucket}/${key}: ${answer.status} ${await answer.text()}`);
  }

  /** The text of an object; nothing where there is none. */
  async get(bucket, key) {
    const answer = await this.request('GET', `/${bucket}/${key}`);
    return answer.ok ? answer.text() : undefined;
  }

  /** Of the first thousand objects. */
  async names(bucket) {
    const listing = await (await this.request('GET', `/${bucket}`, { query: 'list-type=2' })).text();
    return [...listing.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key]) => key);
  }

  address(bucket, prefix = '') {
    return `s3://${bucket}/${prefix}?endpoint=${this.endpoint}`;
  }

  async end() {
    this.script.stdin.end();
    await this.ended;
  }
}
