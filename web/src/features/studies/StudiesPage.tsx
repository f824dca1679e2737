import { type MouseEvent, useCallback, useEffect, useRef, useState } from 'react';
import { emptyQuery, isEmptyQuery, type StudyQuery } from '../../api/studies';
import { type Navigate, useDebounced, useKeys } from '../../app/hooks';
import { formatRoute, type Route } from '../../app/route';
import { useServices } from '../../app/services';
import { Bar, Brand } from '../../ui/Bar';
import { Icon } from '../../ui/Icon';
import { ProblemView } from '../../ui/ProblemView';
import { SearchBar } from './SearchBar';
import { StudyRow } from './StudyRow';
import { type StudyList, useStudies } from './useStudies';

/** Long enough not to ask for every letter, short enough not to be noticed. */
const debounce_ms = 200;

function summary({ studies, state }: StudyList): string {
  if (studies.length === 0 && state !== 'complete') return state === 'failed' ? '' : 'Loading…';
  const shown = `${studies.length.toLocaleString('en')}${state === 'more' || state === 'loading' ? '+' : ''}`;
  return `${shown} ${studies.length === 1 ? 'study' : 'studies'}`;
}

export function StudiesPage({ query, lastStudy, navigate, onHelp }: {
  query: StudyQuery;
  /** The study that the person comes back from: still chosen, and in sight. */
  lastStudy: string | undefined;
  navigate: Navigate; onHelp: () => void;
}) {
  const { client } = useServices();
  const [typed, setTyped] = useState(query);
  const asked = useDebounced(typed, debounce_ms);
  const { list, loadMore, retry } = useStudies(client, asked);
  const [selected, setSelected] = useState(0);
  const nameField = useRef<HTMLInputElement>(null);
  const listBox = useRef<HTMLDivElement>(null);
  const end = useRef<HTMLDivElement>(null);

  useEffect(() => {
    document.title = 'Studies · Larmor';
  }, []);
  useEffect(() => {
    navigate({ screen: 'studies', query: asked }, 'replace');
  }, [asked, navigate]);

  useEffect(() => {
    const element = end.current;
    if (!element) return undefined;
    const observer = new IntersectionObserver((entries) => {
      if (entries.some(({ isIntersecting }) => isIntersecting)) loadMore();
    }, { root: listBox.current, rootMargin: '600px' });
    observer.observe(element);
    return () => observer.disconnect();
  }, [loadMore]);

  const open = useCallback((index: number) => {
    const study = list.studies[index];
    if (study) navigate({ screen: 'study', study: study.uid, series: undefined, query: asked });
  }, [list.studies, asked, navigate]);
  const [first] = list.studies;
  useEffect(() => {
    const index = listBox.current?.querySelector<HTMLElement>(`[data-uid="${lastStudy}"]`)?.dataset['index'];
    setSelected(Number(index ?? 0));
    if (index) document.getElementById(`study-${index}`)?.scrollIntoView({ block: 'center' });
  }, [first?.uid, lastStudy]);
  const select = (index: number) => {
    const next = Math.min(Math.max(0, index), list.studies.length - 1);
    setSelected(next);
    document.getElementById(`study-${next}`)?.scrollIntoView({ block: 'nearest' });
  };
  const work: Route = { screen: 'work', queue: undefined, query: asked };
  const openWork = (event: MouseEvent) => {
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    navigate(work);
  };
  useKeys({
    w: () => navigate(work),
    '/': () => { nameField.current?.focus(); nameField.current?.select(); },
    ArrowDown: () => select(selected + 1),
    ArrowUp: () => select(selected - 1),
    PageDown: () => select(selected + 10),
    PageUp: () => select(selected - 10),
    Home: () => select(0),
    End: () => select(list.studies.length - 1),
    Enter: () => open(selected),
    Escape: () => setTyped(emptyQuery),
  });

  const empty = list.state === 'complete' && list.studies.length === 0;
  return (
    <div className="studies">
      <Bar onHelp={onHelp}>
        <Brand /><span className="bar-title" aria-live="polite">{summary(list)}</span>
        <a className="button work-link" href={formatRoute(work)} onClick={openWork} title="Queues, jobs and events (w)"><Icon name="work" />Work</a>
      </Bar>
      <SearchBar query={typed} onChange={setTyped} nameField={nameField} onLeave={() => listBox.current?.focus()} />
      <main className={list.stale ? 'study-list is-stale' : 'study-list'} role="listbox" aria-label="Studies" tabIndex={0} ref={listBox}
        aria-busy={list.state === 'loading'} {...(list.studies.length > 0 ? { 'aria-activedescendant': `study-${selected}` } : {})}>
        {list.studies.map((study, index) => (
          <StudyRow key={study.uid} study={study} index={index} selected={index === selected} onOpen={open}
            href={formatRoute({ screen: 'study', study: study.uid, series: undefined, query: asked })} />
        ))}
        {list.state === 'loading' && list.studies.length === 0 && Array.from({ length: 8 }, (_, row) => (
          <div key={row} className="study is-skeleton" aria-hidden="true"><span className="thumbnail" /><span /><span /><span /><span /></div>
        ))}
        {empty && (isEmptyQuery(asked) ? (
          <div className="nothing">
            <h2>There are no studies yet</h2>
            <p>Import files with <code>larmor import PATH</code>, or send them by STOW-RS to <code>/dicomweb/studies</code>.</p>
            <button type="button" className="button" onClick={retry}>Look again</button>
          </div>
        ) : (
          <div className="nothing">
            <h2>No study matches</h2>
            <p>Parts of names and numbers are enough; <code>*</code> and <code>?</code> stand for what you do not know.</p>
            <button type="button" className="button" onClick={() => setTyped(emptyQuery)}>Clear the search</button>
          </div>
        ))}
        {list.problem && <ProblemView problem={list.problem} onRetry={retry} compact={list.studies.length > 0} />}
        <div ref={end} className="study-list-end">{list.state === 'loading' && list.studies.length > 0 && !list.stale ? 'Loading more…' : ''}</div>
      </main>
    </div>
  );
}
