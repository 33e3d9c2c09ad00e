// Dark or light: the system's choice until the button is pressed.
export type Theme = 'dark' | 'light';

const KEY = 'projectile-theme';

function stored(): Theme | null {
  try {
    const value = localStorage.getItem(KEY);
    return value === 'dark' || value === 'light' ? value : null;
  } catch {
    return null;
  }
}

export function currentTheme(): Theme {
  return stored() ?? (matchMedia('(prefers-color-scheme: light)').matches ? 'light' : 'dark');
}

export function applyTheme(theme: Theme = currentTheme()): void {
  document.documentElement.dataset['theme'] = theme;
}

export function toggleTheme(): void {
  const theme: Theme = document.documentElement.dataset['theme'] === 'light' ? 'dark' : 'light';
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Storage is off: the choice lasts as long as the page.
  }
  applyTheme(theme);
}

export function watchSystemTheme(): void {
  matchMedia('(prefers-color-scheme: light)').addEventListener('change', () => applyTheme());
}
