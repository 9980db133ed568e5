/** Names that a bucket may have and a disk may not: nothing of a source on S3 is left out in silence. */
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { openSource } from '../../lakehouse/sources/open-source';
import { BUCKET, useS3 } from '../support/s3';

const s3 = useS3();

async function open(folder: string, names: readonly string[]) {
  for (const name of names) {
    const Key = `${folder}/${name}`;
    await s3.client().send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: name }));
  }
  const access = { aws: s3.aws().client, pathStyle: true };
  return openSource(`s3://${BUCKET}/${folder}/`, { s3: access, spoolFolder: await s3.folder() });
}

test('an object that is a folder of others as well is refused', async () => {
  const opening = open('both', ['c.csv', 'deep/a.csv', 'deep/a.csv/b.csv']);
  await expect(opening).rejects.toMatchObject({ code: 'ARCHIVE_MEMBER_DUPLICATE' });
  await expect(opening).rejects.toThrow('has the member deep/a.csv twice');
});

test('names that only begin alike are several', async () => {
  const names = ['a b+%25.csv', 'a.csv', 'a.csv2/b.csv', 'ä/ñ=1&x.csv'];
  const opened = await open('alike', names);
  expect(opened.members.map(({ name }) => name).sort()).toEqual([...names].sort());
  await opened.close();
});
