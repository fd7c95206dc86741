// Whether this is a phone or a tablet. Responsible for that one fact, which the frame needs before anything else.

export function isMobile() {
  const data = /** @type {{ userAgentData?: { mobile?: boolean } }} */ (navigator).userAgentData;
  return data?.mobile ?? /Mobi|Android|iPhone|iPad/.test(navigator.userAgent);
}
