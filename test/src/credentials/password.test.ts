import t from 'tap';
import { hashPassword, isPasswordHash, verifyPassword } from '../../../src/credentials/password.ts';
import { base64, scryptHash } from '../../support/scrypt.ts';

const bytes = (count: number) => base64(Buffer.alloc(count, 7));
const salt = bytes(16);
const hash = bytes(32);

t.test('a password is hashed as argon2id with the costs OWASP names, each time with another salt', async (t) => {
  const [one, two] = [await hashPassword('correct horse'), await hashPassword('correct horse')];
  t.match(one, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  t.not(one, two);
});

for (const [kind, phcString] of [
  ['argon2id', await hashPassword('pässword')],
  ['scrypt', scryptHash('pässword')],
] as const) {
  t.test(`${kind}: the right password matches, no other does`, async (t) => {
    t.equal(isPasswordHash(phcString), true);
    t.equal(verifyPassword(phcString, 'pässword'), true);
    for (const wrong of ['', 'password', 'pässword ', 'PÄSSWORD']) {
      t.equal(verifyPassword(phcString, wrong), false, `"${wrong}"`);
    }
  });
}

t.test('the scrypt vector of RFC 7914, in a PHC string', async (t) => {
  const expected =
    'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640';
  const text = `$scrypt$ln=10,r=8,p=16$${base64(Buffer.from('NaCl'))}$${base64(Buffer.from(expected, 'hex'))}`;
  t.equal(verifyPassword(text, 'password'), true);
});

const notHashes: Record<string, string> = {
  'a scrypt hash of no bytes, which every password would match': `$scrypt$ln=14,r=8,p=1$${salt}$`,
  'a scrypt hash of one byte': `$scrypt$ln=14,r=8,p=1$${salt}$${bytes(1)}`,
  'scrypt without p': `$scrypt$ln=14,r=8$${salt}$${hash}`,
  'scrypt with a cost that is no number': `$scrypt$ln=x,r=8,p=1$${salt}$${hash}`,
  'scrypt with more memory than can be had': `$scrypt$ln=40,r=8,p=1$${salt}$${hash}`,
  'argon2id cut short': `$argon2id$v=19$m=19456,t=2,p=1$${salt}$${bytes(2)}`,
  'argon2id without a hash': `$argon2id$v=19$m=19456,t=2,p=1$${salt}`,
  'argon2id with a short salt': `$argon2id$v=19$m=19456,t=2,p=1$${bytes(2)}$${hash}`,
  'argon2id without p': `$argon2id$v=19$m=19456,t=2$${salt}$${hash}`,
  'argon2id with too little memory': `$argon2id$v=19$m=1,t=2,p=1$${salt}$${hash}`,
  'argon2id of an unknown version': `$argon2id$v=20$m=19456,t=2,p=1$${salt}$${hash}`,
  'base64 with padding': `$argon2id$v=19$m=19456,t=2,p=1$${salt}==$${hash}`,
  argon2i: `$argon2i$v=19$m=19456,t=2,p=1$${salt}$${hash}`,
  bcrypt: '$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW',
  'a password in the clear': 'correct horse',
  nothing: '',
};

for (const [what, text] of Object.entries(notHashes)) {
  t.test(`${what} is not a password hash`, async (t) => t.equal(isPasswordHash(text), false));
}
