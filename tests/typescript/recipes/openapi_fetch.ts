/**
 * The body of an upload, beside its `params`. The types take a file for its
 * name, and it would be sent as JSON.
 */
export function asForm(dataset_name: string, files: File[]) {
  const form = new FormData();
  form.append("dataset_name", dataset_name);
  for (const file of files) form.append("files", file);
  const body = { dataset_name, files: files.map(({ name }) => name) };
  return { body, bodySerializer: () => form };
}
