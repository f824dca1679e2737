import type { Client } from './client';
import { dateBound } from './dates';
import { type DataSet, isoDate, number, personName, shortTime, tags, text, texts } from './dicomJson';

/** What a person can ask the list of studies for. Empty text asks for nothing. */
export interface StudyQuery {
  name: string;
  id: string;
  /** Dates as people write them (see dateBound); either end may be open. */
  from: string;
  to: string;
  modality: string;
  accession: string;
  description: string;
}
export const emptyQuery: StudyQuery = {
  name: '', id: '', from: '', to: '', modality: '', accession: '', description: '',
};
export function isEmptyQuery(query: StudyQuery): boolean {
  return Object.values(query).every((value) => value === '');
}

export interface Study {
  uid: string;
  patientName: string;
  patientId: string;
  birthDate: string;
  sex: string;
  date: string;
  time: string;
  description: string;
  accession: string;
  modalities: string[];
  seriesCount: number | undefined;
  instanceCount: number | undefined;
}

export interface Series {
  uid: string;
  number: number | undefined;
  modality: string;
  description: string;
  bodyPart: string;
  date: string;
  instanceCount: number | undefined;
}

/** `*name*`, unless the user wrote wildcards; a space asks for the parts of the name in their order. */
function contains(value: string): string {
  const trimmed = value.trim();
  if (/[*?]/.test(trimmed)) return trimmed;
  return `*${trimmed.replace(/[\s,^]+/g, '*')}*`;
}

/** The query string of QIDO-RS for studies (PS3.18 section 10.6). */
export function studiesPath(query: StudyQuery, offset: number, limit: number): string {
  const parameters: [string, string][] = [];
  if (query.name.trim()) parameters.push(['PatientName', contains(query.name)]);
  if (query.id.trim()) parameters.push(['PatientID', contains(query.id)]);
  const from = dateBound(query.from, 'first') ?? '';
  const to = dateBound(query.to, 'last') ?? '';
  if (from || to) parameters.push(['StudyDate', `${from}-${to}`]);
  if (query.modality) parameters.push(['ModalitiesInStudy', query.modality.toUpperCase()]);
  if (query.accession.trim()) parameters.push(['AccessionNumber', contains(query.accession)]);
  if (query.description.trim()) parameters.push(['StudyDescription', contains(query.description)]);
  parameters.push(
    ['includefield', tags.StudyDescription],
    ['includefield', tags.ModalitiesInStudy],
    ['includefield', tags.NumberOfStudyRelatedSeries],
    ['includefield', tags.NumberOfStudyRelatedInstances],
    ['limit', String(limit)],
    ['offset', String(offset)],
  );
  return `/dicomweb/studies?${new URLSearchParams(parameters)}`;
}

export function toStudy(dataSet: DataSet): Study {
  return {
    uid: text(dataSet, tags.StudyInstanceUID),
    patientName: personName(dataSet, tags.PatientName),
    patientId: text(dataSet, tags.PatientID),
    birthDate: isoDate(text(dataSet, tags.PatientBirthDate)),
    sex: text(dataSet, tags.PatientSex),
    date: isoDate(text(dataSet, tags.StudyDate)),
    time: shortTime(text(dataSet, tags.StudyTime)),
    description: text(dataSet, tags.StudyDescription),
    accession: text(dataSet, tags.AccessionNumber),
    modalities: texts(dataSet, tags.ModalitiesInStudy),
    seriesCount: number(dataSet, tags.NumberOfStudyRelatedSeries),
    instanceCount: number(dataSet, tags.NumberOfStudyRelatedInstances),
  };
}

export function toSeries(dataSet: DataSet): Series {
  return {
    uid: text(dataSet, tags.SeriesInstanceUID),
    number: number(dataSet, tags.SeriesNumber),
    modality: text(dataSet, tags.Modality),
    description: text(dataSet, tags.SeriesDescription),
    bodyPart: text(dataSet, tags.BodyPartExamined),
    date: isoDate(text(dataSet, tags.SeriesDate)),
    instanceCount: number(dataSet, tags.NumberOfSeriesRelatedInstances),
  };
}

/** As the scanner numbered them; series without a number go last, in a stable order. */
export function sortSeries(series: readonly Series[]): Series[] {
  return series.toSorted((a, b) =>
    (a.number ?? Infinity) - (b.number ?? Infinity) || a.uid.localeCompare(b.uid, 'en', { numeric: true }) || 0);
}

const dicomJson = 'application/dicom+json';

/** A QIDO-RS answer; 204 (nothing matches, PS3.18 table 8.5-1) has no body. */
async function list(client: Client, path: string, signal: AbortSignal): Promise<DataSet[]> {
  const response = await client.request(path, { accept: dicomJson, signal });
  if (response.status === 204) return [];
  const body = await response.text();
  return body.trim() ? (JSON.parse(body) as DataSet[]) : [];
}

export async function listStudies(
  client: Client, query: StudyQuery, offset: number, limit: number, signal: AbortSignal,
): Promise<Study[]> {
  return (await list(client, studiesPath(query, offset, limit), signal)).map(toStudy);
}

export async function getStudy(client: Client, uid: string, signal: AbortSignal): Promise<Study | undefined> {
  const parameters = new URLSearchParams([
    ['StudyInstanceUID', uid], ['includefield', tags.StudyDescription], ['includefield', tags.ModalitiesInStudy],
    ['limit', '1'],
  ]);
  const [found] = await list(client, `/dicomweb/studies?${parameters}`, signal);
  return found && toStudy(found);
}

export async function listSeries(client: Client, studyUid: string, signal: AbortSignal): Promise<Series[]> {
  const parameters = new URLSearchParams([
    ['includefield', tags.SeriesDescription], ['includefield', tags.BodyPartExamined],
    ['includefield', tags.NumberOfSeriesRelatedInstances], ['includefield', tags.SeriesDate],
  ]);
  const found = await list(client, `/dicomweb/studies/${studyUid}/series?${parameters}`, signal);
  return sortSeries(found.map(toSeries));
}

export function listInstanceMetadata(
  client: Client, studyUid: string, seriesUid: string, signal: AbortSignal,
): Promise<DataSet[]> {
  return list(client, `/dicomweb/studies/${studyUid}/series/${seriesUid}/metadata`, signal);
}

/** Where things of DICOMweb are, relative to this origin. */
export const urls = {
  studyThumbnail: (study: string) => `/dicomweb/studies/${study}/thumbnail`,
  seriesThumbnail: (study: string, series: string) => `/dicomweb/studies/${study}/series/${series}/thumbnail`,
  series: (study: string, series: string) => `/dicomweb/studies/${study}/series/${series}`,
  instance: (study: string, series: string, instance: string) =>
    `/dicomweb/studies/${study}/series/${series}/instances/${instance}`,
} as const;
