/** DICOM JSON (PS3.18 annex F): tags as eight hexadecimal digits, upper case. */
export interface Attribute {
  vr: string;
  Value?: readonly unknown[];
  InlineBinary?: string;
  BulkDataURI?: string;
}
export type DataSet = { readonly [tag: string]: Attribute };

/** The tags that this page reads, by their keyword in PS3.6. */
export const tags = {
  SpecificCharacterSet: '00080005',
  ImageType: '00080008',
  SOPClassUID: '00080016',
  SOPInstanceUID: '00080018',
  StudyDate: '00080020',
  SeriesDate: '00080021',
  AcquisitionTime: '00080032',
  StudyTime: '00080030',
  AccessionNumber: '00080050',
  Modality: '00080060',
  ModalitiesInStudy: '00080061',
  InstitutionName: '00080080',
  StudyDescription: '00081030',
  SeriesDescription: '0008103E',
  RecommendedDisplayFrameRate: '00082144',
  AvailableTransferSyntaxUID: '00083002',
  PatientName: '00100010',
  PatientID: '00100020',
  PatientBirthDate: '00100030',
  PatientSex: '00100040',
  PatientAge: '00101010',
  BodyPartExamined: '00180015',
  CineRate: '00180040',
  SliceThickness: '00180050',
  FrameTime: '00181063',
  StudyInstanceUID: '0020000D',
  SeriesInstanceUID: '0020000E',
  SeriesNumber: '00200011',
  InstanceNumber: '00200013',
  PatientOrientation: '00200020',
  ImagePositionPatient: '00200032',
  ImageOrientationPatient: '00200037',
  FrameOfReferenceUID: '00200052',
  NumberOfStudyRelatedSeries: '00201206',
  NumberOfStudyRelatedInstances: '00201208',
  NumberOfSeriesRelatedInstances: '00201209',
  PlanePositionSequence: '00209113',
  PlaneOrientationSequence: '00209116',
  SamplesPerPixel: '00280002',
  PhotometricInterpretation: '00280004',
  PlanarConfiguration: '00280006',
  NumberOfFrames: '00280008',
  Rows: '00280010',
  Columns: '00280011',
  PixelSpacing: '00280030',
  BitsAllocated: '00280100',
  BitsStored: '00280101',
  HighBit: '00280102',
  PixelRepresentation: '00280103',
  WindowCenter: '00281050',
  WindowWidth: '00281051',
  RescaleIntercept: '00281052',
  RescaleSlope: '00281053',
  LossyImageCompression: '00282110',
  PixelMeasuresSequence: '00289110',
  FrameVOILUTSequence: '00289132',
  PixelValueTransformationSequence: '00289145',
  ImagerPixelSpacing: '00181164',
  DocumentTitle: '00420010',
  SharedFunctionalGroupsSequence: '52009229',
  PerFrameFunctionalGroupsSequence: '52009230',
} as const;

export function values(dataSet: DataSet, tag: string): readonly unknown[] {
  return dataSet[tag]?.Value ?? [];
}

/** The first value as text; empty when there is none. */
export function text(dataSet: DataSet, tag: string): string {
  const [value] = values(dataSet, tag);
  if (typeof value === 'string') return value.trim();
  if (typeof value === 'number') return String(value);
  return '';
}

export function texts(dataSet: DataSet, tag: string): string[] {
  return values(dataSet, tag).flatMap((value) =>
    typeof value === 'string' && value.trim() ? [value.trim()] : typeof value === 'number' ? [String(value)] : []);
}

function toNumber(value: unknown): number | undefined {
  // Some servers write DS and IS as strings, which PS3.18 F.2.2 allows.
  const number = typeof value === 'string' && value.trim() ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

export function number(dataSet: DataSet, tag: string): number | undefined {
  return toNumber(values(dataSet, tag)[0]);
}

/** All values as numbers; empty when one of them is none, since half a vector is worse than no vector. */
export function numbers(dataSet: DataSet, tag: string): number[] {
  const found = values(dataSet, tag).map(toNumber);
  return found.every((value) => value !== undefined) ? (found as number[]) : [];
}

export function items(dataSet: DataSet, tag: string): DataSet[] {
  return values(dataSet, tag).filter((value): value is DataSet => typeof value === 'object' && value !== null);
}

/** A person's name as people write it: "Family, Given Middle", with the ideographic form behind it. */
export function personName(dataSet: DataSet, tag: string): string {
  const [value] = values(dataSet, tag);
  if (typeof value === 'string') return groupToText(value);
  if (typeof value !== 'object' || value === null) return '';
  const groups = value as { Alphabetic?: unknown; Ideographic?: unknown; Phonetic?: unknown };
  const parts = [groups.Alphabetic, groups.Ideographic]
    .map((group) => (typeof group === 'string' ? groupToText(group) : ''))
    .filter(Boolean);
  return parts.join(' · ');
}

function groupToText(group: string): string {
  const [family = '', given = '', middle = '', prefix = '', suffix = ''] = group.split('^').map((part) => part.trim());
  const first = [prefix, given, middle].filter(Boolean).join(' ');
  return [[family, first].filter(Boolean).join(', '), suffix].filter(Boolean).join(' ');
}

/** DA as ISO 8601 (2004-01-19), which sorts and is read the same everywhere; anything else as it is. */
export function isoDate(da: string): string {
  const match = /^(\d{4})\.?(\d{2})\.?(\d{2})$/.exec(da);
  return match ? `${match[1]}-${match[2]}-${match[3]}` : da;
}

/** TM to the minute. */
export function shortTime(tm: string): string {
  const match = /^(\d{2}):?(\d{2})/.exec(tm);
  return match ? `${match[1]}:${match[2]}` : tm;
}
