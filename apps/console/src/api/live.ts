import type { QueryClient } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import { eventsUrl } from '../urls.ts';

/** `live`: events arrive. `connecting`: the first connection is being made. `polling`: there are no events at present. */
export type Live = 'connecting' | 'live' | 'polling';

const retryMinMs = 500;
const retryMaxMs = 5_000;
/** A burst of events asks for everything once. */
const settleMs = 150;
/** An answer that takes longer than this is given up for a fresh one when there are events. */
const answerMaxMs = 10_000;

/*
 * connecting --open--> live --error--> polling --timer--> (a new connection) --open--> live
 * A hidden page holds no connection, because a browser allows six to one server over HTTP/1.1; when it is seen again it
 * connects and asks for everything once, as after every other interruption.
 */
let state: Live = 'connecting';

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    window.setTimeout(resolve, ms);
  });
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
  let asking = false;
  let again = false;

  // To ask again gives up what is being answered: while events come faster than answers, nothing would ever be shown.
  const refresh = async (): Promise<void> => {
    again = true;
    if (asking) return;
    asking = true;
    while (again) {
      await pause(settleMs);
      again = false;
      await Promise.race([queries.invalidateQueries(), pause(answerMaxMs)]);
    }
    asking = false;
  };
  const connect = (): void => {
    window.clearTimeout(timer);
    source?.close();
    source = new EventSource(eventsUrl);
    source.addEventListener('changed', () => void refresh());
    source.addEventListener('open', () => {
      pauseMs = retryMinMs;
      if (state === 'polling') void refresh();
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
