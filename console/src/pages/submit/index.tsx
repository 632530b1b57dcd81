import { EmptyState } from "@/parts/empty-state";
import { Page } from "@/parts/page";

export default function SubmitPage() {
  return (
    <Page title="Submit">
      <EmptyState title="Not here yet">This page is being built.</EmptyState>
    </Page>
  );
}
