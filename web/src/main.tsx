import { createRoot } from 'react-dom/client';
import { Client } from './api/client';
import { App } from './app/App';
import { ErrorBoundary } from './app/ErrorBoundary';
import { ServicesContext } from './app/services';
import { LoadQueue } from './loading/loadQueue';
import { once } from './loading/once';
import { Thumbnails } from './loading/thumbnails';
import './styles/base.css';
import './styles/studies.css';
import './styles/study.css';
import './styles/work.css';

const signedOutEvents = new EventTarget();
const client = new Client(() => signedOutEvents.dispatchEvent(new Event('signed-out')));
const queue = new LoadQueue();
const thumbnails = new Thumbnails(client, queue);
// Cornerstone3D and its codecs are 3 MB: the list of studies does not wait for them.
const imaging = once(async () => new (await import('./imaging')).Imaging(client, queue));

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
createRoot(root).render(
  <ErrorBoundary>
    <ServicesContext value={{ client, queue, thumbnails, imaging }}>
      <App signedOutEvents={signedOutEvents} />
    </ServicesContext>
  </ErrorBoundary>,
);
