import { useState } from 'react';
import type { Client } from '../../api/client';
import { type Problem, problemOf } from '../../api/problem';
import { signIn } from '../../api/session';
import { Brand } from '../../ui/Bar';
import { Icon } from '../../ui/Icon';
import { ProblemView } from '../../ui/ProblemView';

/** What a person sees who is not signed in: how to get in, and a field for a token. */
export function SignIn({ client, onSignedIn }: { client: Client; onSignedIn: () => void }) {
  const [token, setToken] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();

  const submit = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      await signIn(client, token.trim());
      setToken('');
      onSignedIn();
    } catch (error) {
      const found = problemOf(error);
      setProblem(found.status === 401 ? { ...found, title: 'This token does not open the door',
        detail: found.detail || 'It may have expired, or a part of it is missing.' } : found);
    } finally {
      setBusy(false);
    }
  };

  return (
    <main className="signin">
      <div className="signin-card">
        <Brand />
        <h1>You are signed out</h1>
        <p>
          Open the sign-in link that the server printed when it started. It works once; <code>larmor token create</code> makes
          a token that you can paste here.
        </p>
        <form onSubmit={(event) => { event.preventDefault(); void submit(); }}>
          <label htmlFor="token">Token</label>
          <div className="signin-row">
            <input id="token" type="password" autoComplete="off" spellCheck={false} autoFocus value={token}
              onChange={(event) => setToken(event.target.value)} />
            <button type="submit" className="button button-strong" disabled={busy || token.trim() === ''}>
              <Icon name="key" />{busy ? 'Signing in…' : 'Sign in'}
            </button>
          </div>
        </form>
        {problem && <ProblemView problem={problem} compact />}
      </div>
    </main>
  );
}
