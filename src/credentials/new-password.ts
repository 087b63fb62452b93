/**
 * The commonest passwords of 8 characters and more, from lists of leaked ones. Compared without regard to case; a longer
 * list belongs to the service behind CREDENTIALS_URL.
 */
const COMMONEST = new Set(
  `12345678 123456789 1234567890 12345678910 123123123 1234512345 123454321 1122334455 11111111 111111111 1111111111
   00000000 000000000 22222222 55555555 66666666 77777777 88888888 99999999 87654321 987654321 9876543210 0987654321
   0123456789 11223344 12341234 12344321 13131313 14725836 147258369 147852369 159357456 159753456 789456123 741852963
   963852741 asdfghjk asdfghjkl asdfasdf asdf1234 qwertyui qwertyuiop qwerty12 qwerty123 qwerty1234 qwerty12345 qwer1234
   qwerqwer qweasdzxc qweqweqwe qazwsxedc 1qaz2wsx 1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y q1w2e3r4 q1w2e3r4t5 zaq12wsx zxcvbnm1
   zxcvbnm123 abcd1234 abc12345 abcdefgh abcdefghi a1b2c3d4 aa123456 aa12345678 a123456789 aaaaaaaa 123456aa 123456ab
   1234abcd 123qweasd 123456qwerty password password1 password12 password123 password1234 password! passw0rd p@ssw0rd
   p@ssword pa55word pass1234 passpass passwort passwort1 motdepasse contraseña contrasena senha123 parola12 welcome1
   welcome123 willkommen letmein1 letmein123 changeme changeme1 changeme123 default1 administrator admin123 admin1234
   admin12345 root1234 user1234 test1234 testtest iloveyou iloveyou1 sunshine sunshine1 princess princess1 football
   football1 baseball baseball1 basketball superman superman1 batman123 spiderman starwars pokemon1 pokemon123 michael1
   jennifer jordan23 michelle charlie1 ashley12 daniel12 computer internet samsung1 trustno1 whatever dragon12 monkey12
   mustang1 master12 freedom1 shadow12 liverpool chelsea1 arsenal1 barcelona realmadrid juventus manchester
   correcthorsebatterystaple demo-password`.split(/\s+/),
);

const MIN_CHARACTERS = 8;
const MAX_CHARACTERS = 1024;

/**
 * Says what is wrong with a new password of a user; `undefined` if nothing is (NIST SP 800-63B-4, 3.1.1.2: a minimum
 * length and a list of common values, no rules of composition).
 */
export function passwordFault(name: string, password: string): string | undefined {
  const length = [...password].length;
  if (length < MIN_CHARACTERS || password.length > MAX_CHARACTERS) {
    return `A password has ${MIN_CHARACTERS} to ${MAX_CHARACTERS} characters`;
  }
  const lower = password.toLowerCase();
  if (COMMONEST.has(lower)) return 'This password is among the first that are tried';
  return lower === name.toLowerCase() ? 'The password is the username' : undefined;
}
