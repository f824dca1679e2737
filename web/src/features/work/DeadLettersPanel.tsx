import { useCallback, useEffect, useRef, useState } from 'react';
import { type Problem, problemOf } from '../../api/problem';
import { type DeadLetter, deadLettersMax, getDeadLetter, listDeadLetters, type Queue, redrive } from '../../api/queues';
import { useLoadable } from '../../app/hooks';
import { useServices } from '../../app/services';
import { ProblemView } from '../../ui/ProblemView';
import { Panel, PanelNote, PanelProblem, PanelSkeleton } from './Panel';
import { usePolled } from './usePolled';
import { clockTime, count } from './words';

const page = 100;

/** Asked for when it is looked at: looking at it goes on record. */
function Body({ queue, id }: { queue: string; id: string }) {
  const { client } = useServices();
  const [letter, retry] = useLoadable(useCallback(
    (signal: AbortSignal) => getDeadLetter(client, queue, id, signal), [client, queue, id]));
  if (letter.state === 'loading') return <PanelSkeleton rows={2} />;
  if (letter.state === 'failed') return <ProblemView problem={letter.problem} onRetry={retry} compact />;
  const text = 'body' in letter.value ? letter.value.body : letter.value.body_base64;
  return <pre className="letter-body" tabIndex={0} aria-label="Body">{text === '' ? '(empty)' : readable(text)}</pre>;
}

function readable(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function LetterRow({ queue, letter, chosen, busy, onChoose, onRedrive }: {
  queue: string; letter: DeadLetter; chosen: boolean; busy: boolean;
  onChoose: (id: string, chosen: boolean) => void; onRedrive: (ids: string[]) => void;
}) {
  const [open, setOpen] = useState(false);
  return (
    <li className="letter" data-letter={letter.id}>
      <label className="letter-choose">
        <input type="checkbox" checked={chosen} onChange={(event) => onChoose(letter.id, event.target.checked)} aria-label={`Select ${letter.id}`} />
      </label>
      <div className="letter-what">
        <p className="letter-reason"><span className="chip chip-bad">{letter.reason}</span> {letter.last_error || <em>no error was given</em>}</p>
        <p className="queue-minor number">
          {clockTime(letter.dead_at, new Date())} · received {letter.receive_count === 1 ? 'once' : `${count(letter.receive_count)} times`} · {letter.id}
          {letter.message_group && ` · group ${letter.message_group}`}
        </p>
      </div>
      <div className="letter-acts">
        <button type="button" className="button button-small" aria-expanded={open} onClick={() => setOpen(!open)}>{open ? 'Hide' : 'Body'}</button>
        <button type="button" className="button button-small" disabled={busy} onClick={() => onRedrive([letter.id])} aria-label={`Redrive ${letter.id}`}>Redrive</button>
      </div>
      {open && <Body queue={queue} id={letter.id} />}
    </li>
  );
}

/** Dead letters of one queue, and sending them anew. Mounted anew for each queue. */
export function DeadLettersPanel({ queue, onRedriven }: { queue: Queue; onRedriven: () => void }) {
  const { client } = useServices();
  const { name, dead } = queue;
  // Not in the question, which would be another one with each limit: what is shown stays until there is more.
  const limit = useRef(page);
  const { value, problem, refresh } = usePolled(useCallback(
    (signal: AbortSignal) => listDeadLetters(client, name, limit.current, signal), [client, name]), undefined);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Problem>();
  const [said, setSaid] = useState('');

  // The counts are asked for all the time; the list only when they say that it has changed.
  const known = useRef(dead);
  useEffect(() => {
    if (known.current === dead) return;
    known.current = dead;
    refresh();
  }, [dead, refresh]);

  const letters = value?.dead_letters ?? [];
  const selected = letters.filter(({ id }) => chosen.has(id)).map(({ id }) => id);
  const choose = (id: string, isChosen: boolean) => setChosen((before) => {
    const after = new Set(before);
    if (isChosen) after.add(id);
    else after.delete(id);
    return after;
  });
  const showMore = () => {
    limit.current = Math.min(deadLettersMax, limit.current * 3);
    refresh();
  };
  const send = async (what: { ids: string[] } | { all: true }) => {
    setBusy(true);
    setFailure(undefined);
    try {
      const sent = await redrive(client, name, what);
      setSaid(`${count(sent)} sent anew to ${name}`);
      setChosen(new Set());
      refresh();
      onRedriven();
    } catch (error) {
      setFailure(problemOf(error));
    } finally {
      setBusy(false);
    }
  };

  return (
    <Panel title="Dead letters" className="letters" summary={<>of <code>{name}</code></>} actions={letters.length > 0 && (
      <>
        <button type="button" className="button button-small" disabled={busy || selected.length === 0} onClick={() => void send({ ids: selected })}>
          Redrive selected{selected.length > 0 && ` (${count(selected.length)})`}
        </button>
        <button type="button" className="button button-small" disabled={busy} onClick={() => void send({ all: true })}>
          {busy ? 'Sending…' : `Redrive all (${count(Math.max(dead, letters.length))})`}
        </button>
      </>
    )}>
      <p className="panel-said" role="status">{said}</p>
      {failure && <ProblemView problem={failure} compact />}
      {problem && <PanelProblem problem={problem} onRetry={refresh} denied="Dead letters are the admin's to see." />}
      {!value && !problem && <PanelSkeleton rows={2} />}
      {value && letters.length === 0 && <PanelNote>None: nothing in this queue has failed for good.</PanelNote>}
      {letters.length > 0 && (
        <>
          <label className="letter-all">
            <input type="checkbox" checked={selected.length === letters.length}
              ref={(box) => { if (box) box.indeterminate = selected.length > 0 && selected.length < letters.length; }}
              onChange={(event) => setChosen(new Set(event.target.checked ? letters.map(({ id }) => id) : []))} />
            Select all that are shown ({count(letters.length)})
          </label>
          <ul className="letter-list">
            {letters.map((letter) => (
              <LetterRow key={letter.id} queue={name} letter={letter} chosen={chosen.has(letter.id)} busy={busy}
                onChoose={choose} onRedrive={(ids) => void send({ ids })} />
            ))}
          </ul>
          {value?.next && (letters.length < deadLettersMax
            ? <button type="button" className="button button-small panel-more" onClick={showMore}>Show more</button>
            : <PanelNote>The first {count(deadLettersMax)} are shown.</PanelNote>)}
        </>
      )}
    </Panel>
  );
}
