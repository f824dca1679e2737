import { type ReactNode, useContext } from 'react';
import { SessionContext } from '../app/services';
import { Icon } from './Icon';

export function Brand() {
  return (
    <span className="brand">
      <svg width="22" height="22" viewBox="0 0 32 32" aria-hidden="true" fill="none" stroke="currentColor" strokeWidth="2.2" strokeLinecap="round">
        <ellipse cx="16" cy="8.5" rx="9" ry="3.4" /><path d="M16 27 24.6 9.6M16 27 7.4 9.6" /><circle cx="16" cy="27" r="1.6" fill="currentColor" />
      </svg>
      Larmor
    </span>
  );
}

/** The bar on top of every screen. */
export function Bar({ children, onHelp }: { children: ReactNode; onHelp: () => void }) {
  const signedIn = useContext(SessionContext);
  return (
    <header className="bar">
      {children}
      <span className="bar-space" />
      <button type="button" className="icon-button" onClick={onHelp} title="Keys (?)" aria-label="Keyboard help"><Icon name="help" /></button>
      {signedIn && (
        <span className="who">
          <span className="who-name" title={signedIn.session.expires ? `Signed in until ${new Date(signedIn.session.expires).toLocaleString()}` : undefined}>
            {signedIn.session.name}<span className="who-role">{signedIn.session.role}</span>
          </span>
          <button type="button" className="icon-button" onClick={signedIn.signOut} title="Sign out" aria-label="Sign out"><Icon name="exit" /></button>
        </span>
      )}
    </header>
  );
}
