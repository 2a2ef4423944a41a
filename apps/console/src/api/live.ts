import type { QueryClient } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import { eventsUrl } from '../urls.ts';

/** `live`: events arrive. `connecting`: the first connection is being made. `polling`: there are no events at present. */
export type Live = 'connecting' | 'live' | 'polling';

const retryMinMs = 500;
const retryMaxMs = 5_000;
/** A burst of events asks for everything once. */
const settleMs = 150;

/*
 * connecting --open--> live --error--> polling --timer--> (a new connection) --open--> live
 * A hidden page holds no connection, because a browser allows six to one server over HTTP/1.1; when it is seen again it
 * connects and asks for everything once, as after every other interruption.
 */
let state: Live = 'connecting';
const listeners = new Set<() => void>();

function become(next: Live): void {
  if (state === next) return;
  state = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Whether what is shown follows the factory by events. */
export function useLive(): Live {
  return useSyncExternalStore(subscribe, () => state);
}

/** Keeps what was asked for fresh as the factory changes; called once for the page's lifetime. */
export function followChanges(queries: QueryClient): void {
  let source: EventSource | undefined;
  let pauseMs = retryMinMs;
  let timer: number | undefined;
  let settling: number | undefined;

  const refresh = (): void => {
    settling ??= window.setTimeout(() => {
      settling = undefined;
      void queries.invalidateQueries();
    }, settleMs);
  };
  const connect = (): void => {
    window.clearTimeout(timer);
    source?.close();
    source = new EventSource(eventsUrl);
    source.addEventListener('changed', refresh);
    source.addEventListener('open', () => {
      pauseMs = retryMinMs;
      if (state === 'polling') refresh();
      become('live');
    });
    source.addEventListener('error', () => {
      source?.close();
      become('polling');
      timer = window.setTimeout(connect, pauseMs);
      pauseMs = Math.min(pauseMs * 2, retryMaxMs);
    });
  };
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') connect();
    else {
      window.clearTimeout(timer);
      source?.close();
      become('polling');
    }
  });
  connect();
}
