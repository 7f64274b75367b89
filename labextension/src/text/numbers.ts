// Numbers and durations, as they are written everywhere.

/** 0:42, 12:05, 1:02:33. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const rest = twoDigits(whole % 60);
  return hours ? `${hours}:${twoDigits(minutes)}:${rest}` : `${minutes}:${rest}`;
}

/** How long something will take, as far as that is worth knowing: it is learned from earlier times. */
export function timeLeft(seconds: number): string {
  if (seconds <= 0) {
    return 'takes longer than before';
  }
  if (seconds < 60) {
    return seconds < 10 ? 'a few seconds left' : 'less than 1 min left';
  }
  const minutes = Math.round(seconds / 60);
  const rest = minutes % 60;
  const hours = minutes >= 60 ? `${count(Math.floor(minutes / 60))} h${rest ? ' ' : ''}` : '';
  return `about ${hours}${rest ? `${rest} min` : ''} left`;
}

/** 12,345. */
export function count(value: number): string {
  return value.toLocaleString('en');
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
