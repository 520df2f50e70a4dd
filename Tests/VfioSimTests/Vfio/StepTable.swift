// SPDX-License-Identifier: GPL-2.0-only

/// The steps of ``StepTableTests``, each with what it does to its own object and to others.
enum StepTable {
  static let lines = """
    READ_ONCE(importer->sgt): read
    READ_ONCE(priv->status): read
    READ_ONCE(priv->vdev): read
    WRITE_ONCE(importer->sgt): write
    close_files(files): write
    complete(device->comp): wake
    complete(priv->comp): wake
    copy_from_user(page table): read, read BAR2, read PCI_COMMAND
    copy_page_range(page table): write, look device->open_count, look priv->status, read page table, \
    read struct file, update page table entries
    copy_to_user(page table): read, read PCI_COMMAND, write BAR2
    cpu_to_le16(vconfig[PCI_COMMAND]): write
    debug_dma_dump(importer mappings): look
    device->open_count: read
    device->open_count: write
    dma_buf_invalidate_mappings(dmabuf->attachments): read
    dma_buf_map_attachment(importer mappings): write, look device->open_count, look priv->status, \
    read struct dma_buf_attachment
    dma_buf_map_attachment(struct dma_buf_attachment): read
    dma_buf_unmap_attachment(importer mappings): write, read struct dma_buf_attachment
    dma_fence_get_status(fence): read
    dma_fence_is_signaled(fence): read
    dma_fence_set_error(fence): write
    dma_fence_signal(fence): wake
    dma_fence_wait(fence): read
    dma_resv_add_fence(resv->fences): write
    dma_resv_lock(dmabuf->resv): acquire
    dma_resv_reserve_fences(resv->fences): write
    dma_resv_test_signaled(resv->fences): read
    dma_resv_trylock(dmabuf->resv): write
    dma_resv_unlock(dmabuf->resv): release
    dma_resv_wait_timeout(resv->fences): read
    down_read(i_mmap_rwsem): acquireShared
    down_read(mmap_lock): acquireShared
    down_read(vdev->memory_lock): acquireShared
    down_write(i_mmap_rwsem): acquire
    down_write(mmap_lock): acquire
    down_write(vdev->memory_lock): acquire
    downgrade_write(mmap_lock): release
    fd_install(files): write
    fget(files): read
    file_close_fd(files): write
    file_count(f_ref): read
    finish_wait(wq): write, write wait
    fput(f_ref): write
    get_file(f_ref): write
    get_file_active(f_ref): write, read struct file
    get_file_rcu(f_ref): write
    invalidate_mappings(importer->sgt): write
    ioread(BAR2): read, read PCI_COMMAND
    iowrite(BAR2): write, read PCI_COMMAND
    kfree(struct dma_buf_attachment): free
    kfree(struct file): free
    kfree(struct sg_table): free
    kfree(struct vfio_pci_core_device): free
    kfree(struct vfio_pci_dma_buf): free
    kref_get(priv->kref): write
    kref_init(priv->kref): write
    kref_put(priv->kref): write
    le16_to_cpu(vconfig[PCI_COMMAND]): read
    list_add(dmabuf->attachments): write
    list_add_tail(vdev->dmabufs): write
    list_del(dmabuf->attachments): write
    list_del_init(vdev->dmabufs): write
    list_empty(dmabuf->attachments): read
    list_for_each_entry_safe(vdev->dmabufs): read
    load(page table): read, read BAR2, read PCI_COMMAND
    load(page table): read, read mm_mt
    mutex_lock(dev_set->lock): acquire
    mutex_unlock(dev_set->lock): release
    mutex_unlock(dev_set->lock): release, look device->open_count
    mutex_unlock(dev_set->lock): release, look device->open_count, look importer mappings, look page table entries
    pci_read_config_word(PCI_COMMAND): read
    pci_write_config_word(PCI_COMMAND): write
    pci_write_config_word(PM_CTRL)(PCI_COMMAND): write
    pdev->current_state: read
    pdev->current_state: write
    prepare_to_wait(wq): write, write wait
    priv->status: read
    priv->status: write
    priv->vdev: read
    priv->vdev: write
    refcount_dec_and_test(device->refcount): write
    refcount_inc_not_zero(device->refcount): write
    reinit_completion(priv->comp): write
    remove_vma(mm_mt): write, release vm_area_struct
    schedule(wait): read
    store(page table): read, read PCI_COMMAND, write BAR2
    try_to_wake_up(wait): wake
    unmap_vmas(page table): write
    unmap_vmas(page table): write, read struct file, update page table entries
    up_read(i_mmap_rwsem): releaseShared
    up_read(mmap_lock): releaseShared
    up_read(vdev->memory_lock): releaseShared
    up_write(i_mmap_rwsem): release
    up_write(mmap_lock): release
    up_write(vdev->memory_lock): release, look importer mappings, look page table entries, look priv->status
    up_write(vdev->memory_lock): release, look priv->status
    vfio_config_free(vconfig[PCI_COMMAND]): write
    vfio_config_init(vconfig[PCI_COMMAND]): write
    vma_end_read(vm_area_struct): releaseShared
    vma_end_write_all(vm_area_struct): release
    vma_iter_clear_gfp(mm_mt): write, release vm_area_struct
    vma_iter_store_new(mm_mt): write
    vma_start_read(vm_area_struct): acquireShared
    vma_start_write(vm_area_struct): acquire
    vmf_insert_pfn(page table): write, look device->open_count, look priv->status, read struct file, \
    update page table entries
    wait_for_completion(device->comp): wait
    wait_for_completion(priv->comp): wait
    waitqueue_active(wq): read
    wake_up_all(wq): wake
    xchg(importer->sgt): write
    zap_pte_range(page table): write
    zap_pte_range(page table): write, read struct file, update page table entries
    """
}
