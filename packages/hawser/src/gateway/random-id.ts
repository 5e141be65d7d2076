const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** 128 random bits as 22 characters of base64url: as good a secret as a name that nobody else has. */
export function createRandomId(random: (target: Uint8Array) => void): string {
  const bytes = new Uint8Array(16);
  random(bytes);
  let text = "";
  let bits = 0;
  let count = 0;
  for (const byte of bytes) {
    bits = (bits << 8) | byte;
    count += 8;
    for (; count >= 6; count -= 6) text += digits.charAt((bits >> (count - 6)) & 63);
    bits &= (1 << count) - 1;
  }
  return text + digits.charAt((bits << (6 - count)) & 63);
}
