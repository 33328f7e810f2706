import type { ISurroundings } from './model';

/** The page's own clock, timers and visibility. */
export const page: ISurroundings = {
  now: () => Date.now(),
  sleep: (milliseconds, signal) =>
    new Promise(resolve => {
      if (signal.aborted) {
        resolve();
        return;
      }
      const timer = setTimeout(done, milliseconds);
      signal.addEventListener('abort', done, { once: true });
      function done(): void {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      }
    }),
  visible: signal =>
    new Promise(resolve => {
      if (!document.hidden || signal.aborted) {
        resolve();
        return;
      }
      const look = (): void => {
        if (!document.hidden || signal.aborted) {
          document.removeEventListener('visibilitychange', look);
          resolve();
        }
      };
      document.addEventListener('visibilitychange', look);
      signal.addEventListener('abort', look, { once: true });
    })
};
