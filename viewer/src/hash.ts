// The part of the address after #. A frame without an address (about:srcdoc) has none to write to: there it is kept here.

const remembered = location.protocol === 'about:';
let memory = '';

export const currentHash = (): string => (remembered ? memory : location.hash);

/** What was written here or followed last. While the address has another, its event is still to come. */
let known = currentHash();

/** To another place, as a link would go. */
export function goToHash(hash: string): void {
  if (!remembered) {
    location.hash = hash;
  } else if (hash !== memory) {
    memory = hash;
    dispatchEvent(new Event('hashchange'));
  }
}

/** Where the page is already; not written while it is on its way elsewhere. */
export function replaceHash(hash: string): void {
  if (hash === currentHash() || known !== currentHash()) return;
  if (remembered) memory = hash;
  else history.replaceState(null, '', hash);
  known = currentHash();
}

export function onHashChange(run: () => void): void {
  addEventListener('hashchange', () => {
    known = currentHash();
    run();
  });
  if (!remembered) return;
  // Such a link would lead to the page around the frame.
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    const hash = link?.getAttribute('href');
    if (!hash?.startsWith('#')) return;
    event.preventDefault();
    goToHash(hash);
  });
}
