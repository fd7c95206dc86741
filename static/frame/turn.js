// One tab of a site works at a time. Responsible for waiting for that turn and giving it back.

const LOCK = "owc.working";

/**
 * Waits until no other tab of this site works. Where the browser has no locks (insecure pages) or denies them
 * (all storage blocked), the turn is granted at once; the hub itself lets one of two connections go.
 * @param {AbortSignal} signal ends the wait
 * @param {() => void} onWait called if another tab has the turn now
 * @returns {Promise<() => void>} gives the turn back
 */
export async function takeTurn(signal, onWait) {
  const { locks } = navigator;
  if (!locks) return () => {};
  try {
    const held = (await locks.query()).held ?? [];
    if (held.some((lock) => lock.name === LOCK)) onWait();
    return await new Promise((granted, refused) => {
      locks
        .request(LOCK, { signal }, () => new Promise((done) => granted(() => done(undefined))))
        .catch(refused);
    });
  } catch (error) {
    if (signal.aborted) throw error;
    return () => {};
  }
}
