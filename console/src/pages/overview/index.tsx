import { EmptyState } from "@/parts/empty-state";
import { Page } from "@/parts/page";

export default function OverviewPage() {
  return (
    <Page title="Overview">
      <EmptyState title="Not here yet">This page is being built.</EmptyState>
    </Page>
  );
}
