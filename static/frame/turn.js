// One tab of a site works at a time. Responsible for waiting for that turn and giving it back.

const LOCK = "owc.working";

/**
 * Waits until no other tab of this site works. Where the browser has no locks (insecure pages) the turn is granted at once.
 * @param {AbortSignal} signal ends the wait
 * @param {() => void} onWait called if another tab has the turn now
 * @returns {Promise<() => void>} gives the turn back
 */
export async function takeTurn(signal, onWait) {
  const locks = navigator.locks;
  if (!locks) return () => {};
  const held = (await locks.query()).held ?? [];
  if (held.some((lock) => lock.name === LOCK)) onWait();
  return new Promise((granted, refused) => {
    locks
      .request(LOCK, { signal }, () => new Promise((done) => granted(() => done(undefined))))
      .catch(refused);
  });
}
