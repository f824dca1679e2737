import { describe, expect, it } from 'vitest';
import { toStudy } from '../../api/studies';
import { unseen } from './useStudies';

const study = (uid: string) => toStudy({ '0020000D': { vr: 'UI', Value: [uid] } });

describe('unseen', () => {
  it('shows a study once, though it is on two pages or twice on one', () => {
    const added = unseen([study('1'), study('2')], [study('2'), study('3'), study('3')]);
    expect(added.map(({ uid }) => uid)).toEqual(['3']);
  });
});
