import { lazy, Suspense, useCallback, useEffect, useState } from 'react';
import type { Problem } from '../api/problem';
import { problemOf } from '../api/problem';
import { getSession, type Session, signOut } from '../api/session';
import { HelpDialog } from '../features/help/HelpDialog';
import { SignIn } from '../features/signin/SignIn';
import { StudiesPage } from '../features/studies/StudiesPage';
import { ProblemView } from '../ui/ProblemView';
import { useKeys, useRoute } from './hooks';
import { SessionContext, useServices } from './services';

const StudyPage = lazy(() => import('../features/study/StudyPage'));
const WorkPage = lazy(() => import('../features/work/WorkPage'));
const IndexPage = lazy(() => import('../features/targets/IndexPage'));

type SignedIn =
  | { state: 'asking' }
  | { state: 'out' }
  | { state: 'failed'; problem: Problem }
  | { state: 'in'; session: Session };

export function App({ signedOutEvents }: { signedOutEvents: EventTarget }) {
  const { client, thumbnails } = useServices();
  const [who, setWho] = useState<SignedIn>({ state: 'asking' });
  const [route, navigate] = useRoute();
  const study = route.screen === 'study' ? route.study : undefined;
  const [lastStudy, setLastStudy] = useState(study);
  if (study && study !== lastStudy) setLastStudy(study);
  const [help, setHelp] = useState(false);
  const showHelp = useCallback(() => setHelp(true), []);
  useKeys({ '?': showHelp });

  const ask = useCallback(async () => {
    try {
      setWho({ state: 'in', session: await getSession(client) });
    } catch (error) {
      const problem = problemOf(error);
      setWho(problem.status === 401 ? { state: 'out' } : { state: 'failed', problem });
    }
  }, [client]);
  useEffect(() => void ask(), [ask]);

  useEffect(() => {
    const onSignedOut = () => {
      thumbnails.clear();
      setWho({ state: 'out' });
    };
    signedOutEvents.addEventListener('signed-out', onSignedOut);
    return () => signedOutEvents.removeEventListener('signed-out', onSignedOut);
  }, [signedOutEvents, thumbnails]);

  const leave = useCallback(async () => {
    try {
      await signOut(client);
      thumbnails.clear();
      setWho({ state: 'out' });
    } catch (error) {
      const problem = problemOf(error);
      if (problem.status !== 401) setWho({ state: 'failed', problem });
    }
  }, [client, thumbnails]);

  if (who.state === 'asking') return <div className="waiting" aria-busy="true">Signing in…</div>;
  if (who.state === 'out') return <SignIn client={client} onSignedIn={() => void ask()} />;
  if (who.state === 'failed') {
    return <main className="centred"><ProblemView problem={who.problem} onRetry={() => { setWho({ state: 'asking' }); void ask(); }} /></main>;
  }
  return (
    <SessionContext value={{ session: who.session, signOut: () => void leave() }}>
      {route.screen === 'studies'
        ? <StudiesPage query={route.query} lastStudy={lastStudy} navigate={navigate} onHelp={showHelp} />
        : (
          <Suspense fallback={<div className="waiting" aria-busy="true">Opening…</div>}>
            {route.screen === 'study' && <StudyPage route={route} navigate={navigate} onHelp={showHelp} />}
            {route.screen === 'work' && <WorkPage route={route} navigate={navigate} onHelp={showHelp} />}
            {route.screen === 'index' && <IndexPage route={route} navigate={navigate} onHelp={showHelp} />}
          </Suspense>
        )}
      {help && <HelpDialog onClose={() => setHelp(false)} />}
    </SessionContext>
  );
}
