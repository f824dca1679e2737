import { describe, expect, it } from 'vitest';
import { Client } from './client';
import { isoDate, number, numbers, personName, shortTime, tags, text } from './dicomJson';
import { firstPart, transferSyntaxOf } from './multipart';
import { ProblemError, readProblem } from './problem';
import { emptyQuery, sortSeries, studiesPath, toSeries } from './studies';

const bytes = (value: string) => Uint8Array.from(value, (letter) => letter.charCodeAt(0));

describe('problems', () => {
  it('reads a problem document and the request id', () => {
    const body = JSON.stringify({ type: 'about:blank', title: 'Not found', status: 404, detail: 'no such study' });
    expect(readProblem(404, 'Not Found', body, 'r-1'))
      .toEqual({ title: 'Not found', detail: 'no such study', status: 404, requestId: 'r-1' });
  });

  it('says the status where a proxy answers with a page', () => {
    expect(readProblem(502, 'Bad Gateway', '<html>', undefined)).toEqual({ title: 'Bad Gateway', detail: '', status: 502 });
    expect(readProblem(599, '', '', undefined).title).toBe('The server answered 599');
  });

  it('tells the page once when an answer says that nobody is signed in', async () => {
    let signedOut = 0;
    const client = new Client(() => { signedOut += 1; }, async () => new Response('{"title":"Sign in"}', { status: 401 }));
    await expect(client.request('/v1/session')).rejects.toBeInstanceOf(ProblemError);
    expect(signedOut).toBe(1);
  });

  it('makes a problem of a server that is not there', async () => {
    const client = new Client(() => undefined, async () => { throw new TypeError('Failed to fetch'); });
    await expect(client.request('/')).rejects.toMatchObject({ problem: { status: 0, title: 'The server does not answer' } });
  });
});

describe('DICOM JSON', () => {
  it('reads numbers whether they are written as numbers or as strings', () => {
    const dataSet = { '00280030': { vr: 'DS', Value: ['0.5', 0.25] }, '00280010': { vr: 'US', Value: [512] } };
    expect(numbers(dataSet, tags.PixelSpacing)).toEqual([0.5, 0.25]);
    expect(number(dataSet, tags.Rows)).toBe(512);
    expect(number(dataSet, tags.Columns)).toBeUndefined();
    expect(numbers({ '00280030': { vr: 'DS', Value: [1, 'x'] } }, tags.PixelSpacing)).toEqual([]);
  });

  it('writes names as people do, with the ideographic form behind', () => {
    const name = (value: unknown) => personName({ '00100010': { vr: 'PN', Value: [value] } }, tags.PatientName);
    expect(name({ Alphabetic: 'Yamada^Tarou', Ideographic: '山田^太郎' })).toBe('Yamada, Tarou · 山田, 太郎');
    expect(name({ Alphabetic: 'Adams^John Robert Quincy^^Rev.^B.A. M.Div.' })).toBe('Adams, Rev. John Robert Quincy B.A. M.Div.');
    expect(name({ Alphabetic: 'CompressedSamples^CT1' })).toBe('CompressedSamples, CT1');
    expect(name(undefined)).toBe('');
  });

  it('writes dates and times so that they sort, and leaves what is none alone', () => {
    expect(isoDate('20040119')).toBe('2004-01-19');
    expect(isoDate('1997.04.24')).toBe('1997-04-24');
    expect(isoDate('2004')).toBe('2004');
    expect(shortTime('072731.5')).toBe('07:27');
    expect(text({ '00080050': { vr: 'SH' } }, tags.AccessionNumber)).toBe('');
  });
});

describe('QIDO-RS queries', () => {
  const parameters = (query: Partial<typeof emptyQuery>) =>
    new URL(studiesPath({ ...emptyQuery, ...query }, 50, 25), 'http://x').searchParams;

  it('asks for nothing but a page when the query is empty', () => {
    const asked = parameters({});
    expect([...asked.keys()].filter((key) => key !== 'includefield')).toEqual(['limit', 'offset']);
    expect(asked.get('limit')).toBe('25');
    expect(asked.get('offset')).toBe('50');
  });

  it('looks for parts of a name in their order, unless there are wildcards already', () => {
    expect(parameters({ name: ' doe, j ' }).get('PatientName')).toBe('*doe*j*');
    expect(parameters({ name: 'doe^?' }).get('PatientName')).toBe('doe^?');
  });

  it('leaves a date range open where it has no end', () => {
    expect(parameters({ from: '2004-01-01' }).get('StudyDate')).toBe('20040101-');
    expect(parameters({ to: '2004-12-31' }).get('StudyDate')).toBe('-20041231');
    expect(parameters({ from: '2004', to: '2004' }).get('StudyDate')).toBe('20040101-20041231');
    expect(parameters({ from: 'soon' }).has('StudyDate')).toBe(false);
  });

  it('orders series by number, those without one last', () => {
    const series = ['3', undefined, '1'].map((value, index) => toSeries({
      '0020000E': { vr: 'UI', Value: [`1.${index}`] },
      '00200011': value ? { vr: 'IS', Value: [value] } : { vr: 'IS' },
    }));
    expect(sortSeries(series).map(({ number: n }) => n)).toEqual([1, 3, undefined]);
  });
});

describe('multipart', () => {
  const type = 'multipart/related; type="application/octet-stream"; boundary="b1"';
  const body = '--b1\r\nContent-Type: application/octet-stream; transfer-syntax=1.2.840.10008.1.2.5\r\n\r\nab\r\ncd\r\n--b1--\r\n';

  it('finds the bytes of the first part, line ends inside included', () => {
    const part = firstPart(type, bytes(body));
    expect(new TextDecoder().decode(part.body)).toBe('ab\r\ncd');
    expect(transferSyntaxOf(part.contentType)).toBe('1.2.840.10008.1.2.5');
  });

  it('trusts a Content-Length over a boundary inside the bytes', () => {
    const inner = 'x\r\n--b1y';
    const part = firstPart(type, bytes(`--b1\r\nContent-Length: ${inner.length}\r\n\r\n${inner}\r\n--b1--`));
    expect(new TextDecoder().decode(part.body)).toBe(inner);
  });

  it('refuses an answer that was cut off anywhere', () => {
    const whole = bytes(body);
    const closing = body.indexOf('\r\n--b1--') + '\r\n--b1'.length;
    for (let size = 0; size < closing; size += 1) expect(() => firstPart(type, whole.subarray(0, size))).toThrow();
    expect(() => firstPart('multipart/related', whole)).toThrow('boundary');
  });

  it('takes a body that is not multipart as it is', () => {
    expect(firstPart('image/jpeg', bytes('abc')).body).toHaveLength(3);
    expect(transferSyntaxOf('image/jls')).toBe('1.2.840.10008.1.2.4.80');
    expect(transferSyntaxOf('image/jpeg;transfer-syntax=1.2.840.10008.1.2.4.70')).toBe('1.2.840.10008.1.2.4.70');
    expect(transferSyntaxOf('text/html')).toBeUndefined();
  });
});
