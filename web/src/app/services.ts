import { createContext, useContext } from 'react';
import type { Client } from '../api/client';
import type { Session } from '../api/session';
import type { Imaging } from '../imaging';
import type { LoadQueue } from '../loading/loadQueue';
import type { Thumbnails } from '../loading/thumbnails';

/** What every screen works with, made once in main.tsx. */
export interface Services {
  client: Client;
  queue: LoadQueue;
  thumbnails: Thumbnails;
  /** Loads and starts Cornerstone3D the first time; always the same promise. */
  imaging: () => Promise<Imaging>;
}

export const ServicesContext = createContext<Services | undefined>(undefined);
export const SessionContext = createContext<{ session: Session; signOut: () => void } | undefined>(undefined);

export function useServices(): Services {
  const services = useContext(ServicesContext);
  if (!services) throw new Error('no services around this component');
  return services;
}

export function useSession(): { session: Session; signOut: () => void } {
  const session = useContext(SessionContext);
  if (!session) throw new Error('no session around this component');
  return session;
}
