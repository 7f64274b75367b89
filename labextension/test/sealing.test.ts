import { afterEach, expect, test, vi } from 'vitest';
import vectors from '../../tests/fixtures/sealing_vectors.json';
import { canSeal, seal } from '../src/widgets/sealing';

const CURVE = { name: 'ECDH', namedCurve: 'P-256' };

afterEach(() => vi.unstubAllGlobals());

/** The page's key pair of a vector. */
async function pairOf({ page }: (typeof vectors)[number]): Promise<CryptoKeyPair> {
  const { crv, kty, x, y } = page;
  const privateKey = await crypto.subtle.importKey('jwk', page, CURVE, false, ['deriveBits']);
  return { privateKey, publicKey: await crypto.subtle.importKey('jwk', { crv, kty, x, y }, CURVE, true, []) };
}

test.each(vectors)('$name is sealed to the bytes that the kernel opens', async vector => {
  expect(await seal(vector.field, vector.text, vector, await pairOf(vector))).toBe(vector.sealed);
});

test('the same text is never sealed to the same bytes', async () => {
  const [vector] = vectors as [(typeof vectors)[number]];
  const [one, two] = await Promise.all([1, 2].map(() => seal('code', '492817', vector)));
  expect(one).toHaveLength(two?.length ?? 0);
  expect(one).not.toBe(two);
});

test.each(['', 'no Base64!', btoa('x'.repeat(65))])('nothing is sealed to what is no key: "%s"', async key => {
  await expect(seal('code', '492817', { id: 'a', key })).rejects.toThrow();
});

test('a page that is not secure has no encryption', () => {
  expect(canSeal()).toBe(true);
  vi.stubGlobal('crypto', { getRandomValues: () => undefined });
  expect(canSeal()).toBe(false);
});
