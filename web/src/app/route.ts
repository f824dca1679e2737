import { emptyQuery, type StudyQuery } from '../api/studies';

/** Where the person is. All of it is in the address, so that a link, a reload and the back button work. */
export type Route =
  | { screen: 'studies'; query: StudyQuery }
  | { screen: 'study'; study: string; series: string | undefined; query: StudyQuery }
  | { screen: 'work'; queue: string | undefined; query: StudyQuery }
  | { screen: 'index'; query: StudyQuery };

const queryKeys = Object.keys(emptyQuery) as (keyof StudyQuery)[];
const uid = /^[0-9.]{1,64}$/;
const queueName = /^[a-z0-9._-]{1,80}$/;

/** In the query string and not in the path: the server then needs to know one page only. */
export function parseRoute(search: string): Route {
  const parameters = new URLSearchParams(search);
  const query = { ...emptyQuery };
  for (const key of queryKeys) query[key] = parameters.get(key) ?? '';
  if (parameters.get('screen') === 'work') {
    const queue = parameters.get('queue');
    return { screen: 'work', queue: queue && queueName.test(queue) ? queue : undefined, query };
  }
  if (parameters.get('screen') === 'index') return { screen: 'index', query };
  const study = parameters.get('study');
  const series = parameters.get('series');
  if (!study || !uid.test(study)) return { screen: 'studies', query };
  return { screen: 'study', study, series: series && uid.test(series) ? series : undefined, query };
}

export function formatRoute(route: Route): string {
  const parameters = new URLSearchParams();
  for (const key of queryKeys) if (route.query[key]) parameters.set(key, route.query[key]);
  if (route.screen === 'study') {
    parameters.set('study', route.study);
    if (route.series) parameters.set('series', route.series);
  }
  if (route.screen === 'work') {
    parameters.set('screen', 'work');
    if (route.queue) parameters.set('queue', route.queue);
  }
  if (route.screen === 'index') parameters.set('screen', 'index');
  const text = parameters.toString();
  return text ? `/?${text}` : '/';
}
