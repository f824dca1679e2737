import dictionary from './dictionary.json';

const keywords: Readonly<Record<string, string>> = dictionary.keywords;
const uids: Readonly<Record<string, string>> = dictionary.uids;

export function keywordOf(tag: string): string | undefined {
  const upper = tag.toUpperCase();
  // Curves and overlays repeat their group: PS3.5 section 7.6.
  return keywords[upper] ?? keywords[`${upper.slice(0, 2)}xx${upper.slice(4)}`];
}

/** The name of a SOP class or transfer syntax (PS3.6 annex A); the UID itself when it has none. */
export function nameOfUid(uid: string): string {
  return uids[uid] ?? uid;
}
