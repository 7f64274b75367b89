import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { TextRequest } from '../src/protocol/generated';
import { TextReader } from '../src/widgets/log/text';

const WHOLE = { start: 0, skip: 0, stop: -1, brief: false, columns: 0 };
let asked: TextRequest[];
let reader: TextReader;

beforeEach(() => {
  asked = [];
  reader = new TextReader(request => asked.push(request));
});

afterEach(() => vi.useRealTimers());

async function answer(text: string, row: number, skip: number, done: boolean): Promise<void> {
  const number = asked.at(-1)?.number ?? 0;
  const packed = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'));
  const bytes = new Uint8Array(await new Response(packed).arrayBuffer());
  reader.receive({ type: 'text', number, data: btoa(String.fromCharCode(...bytes)), row, skip, done });
}

test('a text is asked for piece by piece, each from where the one before ended', async () => {
  const read = reader.read(WHOLE);
  await answer('one\ntw', 1, 2, false);
  await vi.waitFor(() => expect(asked).toHaveLength(2));
  expect(asked[1]).toMatchObject({ start: 1, skip: 2, stop: -1 });
  await answer('o ü 日\n', 2, 0, true);
  expect(await read).toEqual({ text: 'one\ntwo ü 日\n', isWhole: true });
});

test('of a longer text than is wanted, whole lines come, and it is said that there are more', async () => {
  const read = reader.read(WHOLE, 10);
  await answer('1234\n6789\nabcde\n', 3, 0, false);
  expect(await read).toEqual({ text: '1234\n6789\n', isWhole: false });
  expect(asked).toHaveLength(1);
});

test('a piece that does not come is asked for again, and a kernel that does not answer is named', async () => {
  vi.useFakeTimers();
  const read = reader.read(WHOLE);
  const ended = expect(read).rejects.toThrow('The kernel does not answer.');
  const first = asked[0];
  await vi.advanceTimersByTimeAsync(5100);
  expect(asked).toHaveLength(2);
  reader.receive({ type: 'text', number: first?.number ?? 0, data: '', row: 0, skip: 0, done: true }); // too late
  await vi.advanceTimersByTimeAsync(20_000);
  await ended;
  expect(asked).toHaveLength(4);
});
