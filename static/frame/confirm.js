// The second yes that some operators ask for: in a page of the hub's own, where no other page can cover anything.
// Responsible for opening that page and for believing only it.

const WIDTH = 440;
const HEIGHT = 560;

/**
 * @param {{ site: string, onConfirmed(): void }} given
 * @returns {(() => void) | null} stops listening; null where the browser opened no window
 */
export function askInWindow({ site, onConfirmed }) {
  const query = new URLSearchParams({ site, lang: document.documentElement.lang });
  const opened = window.open(`/confirm?${query}`, "_blank", `popup,width=${WIDTH},height=${HEIGHT}`);
  if (!opened) return null;
  const ending = new AbortController();
  addEventListener(
    "message",
    ({ source, origin, data }) => {
      if (source !== opened || origin !== location.origin || data?.type !== "confirmed") return;
      ending.abort();
      onConfirmed();
    },
    { signal: ending.signal },
  );
  return () => ending.abort();
}
