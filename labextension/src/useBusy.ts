import { useState } from 'react';

/** Whether something that a person has begun is under way, and what tells so while it is. */
export function useBusy(): readonly [boolean, (doing: Promise<void>) => void] {
  const [busy, setBusy] = useState(false);
  const during = (doing: Promise<void>): void => {
    setBusy(true);
    void doing.finally(() => setBusy(false));
  };
  return [busy, during];
}
