import type { Attribute, DataSet } from '../../api/dicomJson';

/** A line of the tag list. */
export interface TagRow {
  /** Tags and item numbers from the top: names the line. */
  path: string;
  depth: number;
  /** "(0010,0010)", or "Item 2" inside a sequence. */
  tag: string;
  vr: string;
  keyword: string;
  value: string;
  /** Sequences and their items can be opened. */
  childrenCount: number;
}

export type Dictionary = (tag: string) => string | undefined;

/** Longer values are cut: the list is for reading. */
const valueLengthMax = 400;

export function formatTag(tag: string): string {
  return `(${tag.slice(0, 4)},${tag.slice(4)})`;
}

function bytesOfBase64(base64: string): number {
  return Math.floor((base64.length * 3) / 4) - (base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0);
}

export function formatValue(attribute: Attribute): string {
  if (attribute.BulkDataURI !== undefined) return 'kept apart as bulk data';
  if (attribute.InlineBinary !== undefined) return `${bytesOfBase64(attribute.InlineBinary).toLocaleString('en')} bytes`;
  const written = (attribute.Value ?? []).map((value) => {
    if (value === null) return '';
    if (typeof value !== 'object') return String(value);
    const groups = value as Record<string, unknown>;
    return [groups['Alphabetic'], groups['Ideographic'], groups['Phonetic']].filter(Boolean).join(' = ');
  });
  const joined = written.join(' \\ ');
  return joined.length > valueLengthMax ? `${joined.slice(0, valueLengthMax)}… (${written.length} values)` : joined;
}

function isOpenByDefault(childrenCount: number): boolean {
  return childrenCount <= 4;
}

/** The lines to show: everything that is open, or, with a filter, all that matches and what leads there. */
export function tagRows(dataSet: DataSet, dictionary: Dictionary, filter: string, toggled: ReadonlySet<string>): TagRow[] {
  const wanted = filter.trim().toLowerCase();
  const rows: TagRow[] = [];

  /** Appends the lines of a data set; true when one of them matches. */
  const walk = (part: DataSet, depth: number, prefix: string): boolean => {
    let anyMatch = false;
    for (const tag of Object.keys(part).sort()) {
      const attribute = part[tag];
      if (!attribute || !/^[0-9A-F]{8}$/i.test(tag)) continue;
      const path = prefix + tag;
      const isSequence = attribute.vr === 'SQ';
      const children = isSequence ? (attribute.Value ?? []) : [];
      const row: TagRow = {
        path, depth, tag: formatTag(tag), vr: attribute.vr, keyword: dictionary(tag) ?? (isPrivate(tag) ? 'private' : ''),
        value: isSequence ? `${children.length} ${children.length === 1 ? 'item' : 'items'}` : formatValue(attribute),
        childrenCount: children.length,
      };
      const at = rows.length;
      rows.push(row);
      let matches = wanted === '' || matchesFilter(row, wanted);
      if (isSequence && (wanted !== '' || isOpenByDefault(children.length) !== toggled.has(path))) {
        children.forEach((item, index) => {
          if (typeof item !== 'object' || item === null) return;
          const itemAt = rows.length;
          rows.push({ path: `${path}[${index}]`, depth: depth + 1, tag: `Item ${index + 1}`, vr: '', keyword: '', value: '', childrenCount: 0 });
          if (walk(item as DataSet, depth + 2, `${path}[${index}].`)) matches = true;
          else if (wanted !== '') rows.length = itemAt;
        });
      }
      if (matches) anyMatch = true;
      else rows.length = at;
    }
    return anyMatch || wanted === '';
  };
  walk(dataSet, 0, '');
  return rows;
}

function isPrivate(tag: string): boolean {
  return Number.parseInt(tag.slice(0, 4), 16) % 2 === 1;
}

function matchesFilter(row: TagRow, wanted: string): boolean {
  return row.tag.toLowerCase().includes(wanted) || row.tag.replace(/[(),]/g, '').toLowerCase().includes(wanted)
    || row.keyword.toLowerCase().includes(wanted) || row.value.toLowerCase().includes(wanted);
}
