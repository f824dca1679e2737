import { type DataSet, items, tags } from '../api/dicomJson';

/** The functional group of a frame (from 1) in an enhanced multi-frame object: its own, or the one that all frames share.
 *  Source: PS3.3 section C.7.6.16. */
export function functionalGroup(dataSet: DataSet, frameNumber: number, sequence: string): DataSet | undefined {
  const own = items(dataSet, tags.PerFrameFunctionalGroupsSequence)[frameNumber - 1];
  const [shared] = items(dataSet, tags.SharedFunctionalGroupsSequence);
  return (own && items(own, sequence)[0]) ?? (shared && items(shared, sequence)[0]);
}
