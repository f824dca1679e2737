import { describe, expect, it } from 'vitest';
import { emptyQuery } from '../api/studies';
import { formatRoute, parseRoute, type Route } from './route';

describe('the address', () => {
  it('holds all that is needed to come back', () => {
    const routes: Route[] = [
      { screen: 'studies', query: emptyQuery },
      { screen: 'studies', query: { ...emptyQuery, name: 'müller & söhne', modality: 'CT', from: '2004-01-01' } },
      { screen: 'study', study: '1.2.3', series: '1.2.3.4', query: { ...emptyQuery, name: 'doe' } },
      { screen: 'study', study: '1.2.3', series: undefined, query: emptyQuery },
      { screen: 'work', queue: undefined, query: { ...emptyQuery, name: 'doe' } },
      { screen: 'work', queue: 'index.fast', query: emptyQuery },
      { screen: 'index', query: { ...emptyQuery, name: 'doe' } },
    ];
    for (const route of routes) expect(parseRoute(formatRoute(route).slice(1))).toEqual(route);
  });

  it('takes nothing for a UID that is none', () => {
    expect(parseRoute('?study=../../v1/session').screen).toBe('studies');
    expect(parseRoute('?screen=work&queue=../x')).toMatchObject({ screen: 'work', queue: undefined });
    expect(parseRoute('?study=1.2&series=x')).toMatchObject({ screen: 'study', series: undefined });
  });
});
