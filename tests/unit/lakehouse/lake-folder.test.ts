/** Where a lake lies: one reading of its address for the configuration and for who opens it. */
import { resolve } from 'node:path';
import { lakeAddress, lakeFolder } from '../../../lakehouse/lake-folder';
import { codeThrownBy } from '../models/made-data';

test.each([
  ['lake', resolve('lake')],
  ['/data/lake', '/data/lake'],
  ['file:///data/lake', '/data/lake'],
  ['file:///data/my%20lake', '/data/my lake'],
])('%s lies in %s', (uri, folder) => {
  expect(lakeFolder(uri)).toBe(folder);
});

test.each(['s3://bucket/lake', 'S3A://bucket/lake'])('%s is refused', (uri) => {
  expect(codeThrownBy(() => lakeFolder(uri))).toBe('CONFIG_INVALID');
});

test.each([
  ['lake', resolve('lake')],
  ['file:///data/lake', '/data/lake'],
  ['s3://bucket', 's3://bucket'],
  ['s3://bucket/lake/', 's3://bucket/lake'],
])('%s has one spelling', (uri, address) => {
  expect(lakeAddress(uri)).toBe(address);
});

test.each(['s3://', 's3a://bucket/lake', 'https://bucket/lake'])('%s is no lake', (uri) => {
  expect(codeThrownBy(() => lakeAddress(uri))).toBe('CONFIG_INVALID');
});
