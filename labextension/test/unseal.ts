// Opens what the page has sealed to the key of a vector, as the kernel does.

import type vectors from '../../tests/fixtures/sealing_vectors.json';

const CURVE = { name: 'ECDH', namedCurve: 'P-256' };

type Vector = (typeof vectors)[number];

export async function unseal(
  { sealed }: { sealed: string },
  field: string,
  { id, kernel, key }: Vector
): Promise<string> {
  const { subtle } = crypto;
  const bytes = (base64: string) => Uint8Array.from(atob(base64), character => character.charCodeAt(0));
  const [page, encrypted] = [bytes(sealed).slice(0, 65), bytes(sealed).slice(65)];
  const own = await subtle.importKey('jwk', kernel, CURVE, false, ['deriveBits']);
  const shared = await subtle.deriveBits(
    { name: 'ECDH', public: await subtle.importKey('raw', page, CURVE, false, []) },
    own,
    256
  );
  const hkdf = {
    name: 'HKDF',
    hash: 'SHA-256',
    salt: Uint8Array.from([...page, ...bytes(key)]),
    info: new TextEncoder().encode(`tfmfa_nb sealed secret 1\0${field}\0${id}`)
  };
  const material = await subtle.importKey('raw', shared, 'HKDF', false, ['deriveBits']);
  const derived = await subtle.deriveBits(hkdf, material, 8 * 44);
  const aes = await subtle.importKey('raw', derived.slice(0, 32), 'AES-GCM', false, ['decrypt']);
  return new TextDecoder().decode(await subtle.decrypt({ name: 'AES-GCM', iv: derived.slice(32) }, aes, encrypted));
}
