// Numbers and durations, as they are written everywhere.

/** 0:42, 12:05, 1:02:33. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const rest = twoDigits(whole % 60);
  return hours ? `${hours}:${twoDigits(minutes)}:${rest}` : `${minutes}:${rest}`;
}

/** 12,345. */
export function count(value: number): string {
  return value.toLocaleString('en');
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
