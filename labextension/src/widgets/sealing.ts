// Seals what is typed into a secret field to the key of the prompt that asks, so that nobody on the way can read it:
// no log, no proxy, no channel of the kernel. tfmfa_nb/protocol/sealing.py has the other half and says what this
// protects from; tests/fixtures/sealing_vectors.json holds both to the same bytes.

import type { SealingKey } from '../protocol/generated';
import { SEALING_LABEL } from '../protocol/generated';

const CURVE = { name: 'ECDH', namedCurve: 'P-256' };
const SHARED = 256; // bits
const [AES_KEY, NONCE] = [32, 12]; // bytes

type Bytes = Uint8Array<ArrayBuffer>;

/** Whether this page can seal: browsers offer encryption only to pages that came over HTTPS, or from localhost. */
export function canSeal(): boolean {
  return (globalThis.crypto as Crypto | undefined)?.subtle !== undefined;
}

/**
 * Seals a text to the key of a prompt.
 *
 * @param field - The secret field: `code` or `secret`.
 * @param pair - The page's key pair, used for nothing else.
 * @returns In Base64.
 * @throws Where the page cannot, or where the key is none.
 */
export async function seal(field: string, text: string, key: SealingKey, pair?: CryptoKeyPair): Promise<string> {
  const { subtle } = crypto;
  const theirs = fromBase64(key.key);
  const { privateKey, publicKey } = pair ?? (await subtle.generateKey(CURVE, false, ['deriveBits']));
  const ours = new Uint8Array(await subtle.exportKey('raw', publicKey));
  const other = await subtle.importKey('raw', theirs, CURVE, false, []);
  const shared = await subtle.deriveBits({ name: 'ECDH', public: other }, privateKey, SHARED);
  const info = utf8(`${SEALING_LABEL}\0${field}\0${key.id}`);
  const derived = await derive(shared, joined(ours, theirs), info, AES_KEY + NONCE);
  const aes = await subtle.importKey('raw', derived.slice(0, AES_KEY), 'AES-GCM', false, ['encrypt']);
  const encrypted = await subtle.encrypt({ name: 'AES-GCM', iv: derived.slice(AES_KEY) }, aes, utf8(text));
  return toBase64(joined(ours, new Uint8Array(encrypted)));
}

/** HKDF with SHA-256. */
async function derive(secret: ArrayBuffer, salt: Bytes, info: Bytes, length: number): Promise<Bytes> {
  const material = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits']);
  const bits = await crypto.subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt, info }, material, 8 * length);
  return new Uint8Array(bits);
}

function utf8(text: string): Bytes {
  return new TextEncoder().encode(text);
}

function joined(first: Bytes, second: Bytes): Bytes {
  return Uint8Array.from([...first, ...second]);
}

function fromBase64(text: string): Bytes {
  return Uint8Array.from(atob(text), character => character.charCodeAt(0));
}

function toBase64(bytes: Bytes): string {
  return btoa(String.fromCharCode(...bytes));
}
