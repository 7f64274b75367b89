// When something was: how long ago, in few characters, and the full date.

const UNITS: readonly (readonly [seconds: number, name: string])[] = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min']
];

/** "3 min ago", at a time in seconds since the epoch. */
export function ago(seconds: number, now: number): string {
  const passed = now - seconds;
  for (const [size, name] of UNITS) {
    if (passed >= size) {
      return `${Math.floor(passed / size).toLocaleString('en')} ${name} ago`;
    }
  }
  return 'just now';
}

/** The date and the time of day where the person is, with the zone. */
export function fullDate(seconds: number): string {
  return new Date(seconds * 1000).toLocaleString('en', { dateStyle: 'full', timeStyle: 'long' });
}

/** The date and the time of day in few characters: Nov 27, 2026, 18:04. */
export function shortDate(seconds: number): string {
  return new Date(seconds * 1000).toLocaleString('en', { dateStyle: 'medium', timeStyle: 'short', hour12: false });
}

/** The time of day: 18:04:05. */
export function timeOfDay(seconds: number): string {
  return new Date(seconds * 1000).toLocaleTimeString('en', { hour12: false });
}
