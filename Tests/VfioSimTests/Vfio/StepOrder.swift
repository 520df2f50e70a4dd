// SPDX-License-Identifier: GPL-2.0-only

/// The stories of ``StepOrderTests``: each call with its steps, what they found, and behind a bar the locks held.
enum StepOrder {
  static let lend = """
    export
      fget(files) 0
      get_file_rcu(f_ref) 1 -> 2
      refcount_inc_not_zero(device->refcount) 2 -> 3
      down_write(vdev->memory_lock)
      dma_resv_lock(dmabuf->resv) | vdev->memory_lock
      pdev->current_state == d0 | vdev->memory_lock, dmabuf->resv
      le16_to_cpu(vconfig[PCI_COMMAND]) = 0x2 | vdev->memory_lock, dmabuf->resv
      priv->status OK -> OK | vdev->memory_lock, dmabuf->resv
      list_add_tail(vdev->dmabufs) | vdev->memory_lock, dmabuf->resv
      dma_resv_unlock(dmabuf->resv) | vdev->memory_lock, dmabuf->resv
      up_write(vdev->memory_lock) | vdev->memory_lock
      fd_install(files) = 1
      fput(f_ref) 2 -> 1
    mmap
      fget(files) 1
      get_file_rcu(f_ref) 1 -> 2
      down_write(mmap_lock)
      get_file(f_ref) 2 -> 3 | mmap_lock
      priv->status == OK | mmap_lock
      vma_iter_store_new(mm_mt) | mmap_lock
      down_write(i_mmap_rwsem) | mmap_lock
      up_write(i_mmap_rwsem) | mmap_lock, i_mmap_rwsem
      vma_end_write_all(vm_area_struct) | mmap_lock
      up_write(mmap_lock) | mmap_lock
      fput(f_ref) 3 -> 2
    fault
      load(page table) 0x100000000000: not present
      vma_start_read(vm_area_struct)
      dma_resv_lock(dmabuf->resv) | vm_area_struct(r)
      READ_ONCE(priv->vdev) = vdev | vm_area_struct(r), dmabuf->resv
      READ_ONCE(priv->status) = OK | vm_area_struct(r), dmabuf->resv
      refcount_inc_not_zero(device->refcount) 3 -> 4 | vm_area_struct(r), dmabuf->resv
      dma_resv_unlock(dmabuf->resv) | vm_area_struct(r), dmabuf->resv
      down_read(vdev->memory_lock) | vm_area_struct(r)
      READ_ONCE(priv->status) = OK | vm_area_struct(r), vdev->memory_lock(r)
      pdev->current_state == d0 | vm_area_struct(r), vdev->memory_lock(r)
      le16_to_cpu(vconfig[PCI_COMMAND]) = 0x2 | vm_area_struct(r), vdev->memory_lock(r)
      vmf_insert_pfn(page table) 0x100000000000 -> pfn 0x800000 | vm_area_struct(r), vdev->memory_lock(r)
      up_read(vdev->memory_lock) | vm_area_struct(r), vdev->memory_lock(r)
      refcount_dec_and_test(device->refcount) 4 -> 3 | vm_area_struct(r)
      vma_end_read(vm_area_struct) | vm_area_struct(r)
      load(page table) 0x100000000000 = 0x0
    attach
      fget(files) 1
      get_file_rcu(f_ref) 2 -> 3
      fput(f_ref) 3 -> 2
      get_file(f_ref) 2 -> 3
      priv->status == OK
      dma_resv_lock(dmabuf->resv)
      list_add(dmabuf->attachments) | dmabuf->resv
      dma_resv_unlock(dmabuf->resv) | dmabuf->resv
    map
      dma_resv_lock(dmabuf->resv)
      dma_buf_map_attachment(struct dma_buf_attachment) | dmabuf->resv
      priv->status == OK | dmabuf->resv
      kref_get(priv->kref) 1 -> 2 | dmabuf->resv
      dma_buf_map_attachment(importer mappings) peer has struct sg_table | dmabuf->resv
      WRITE_ONCE(importer->sgt) | dmabuf->resv
      dma_resv_unlock(dmabuf->resv) | dmabuf->resv
    unmap
      dma_resv_lock(dmabuf->resv)
      xchg(importer->sgt) = sgt | dmabuf->resv
      dma_buf_unmap_attachment(importer mappings) peer | dmabuf->resv
      kfree(struct sg_table) | dmabuf->resv
      kref_put(priv->kref) 2 -> 1 | dmabuf->resv
      dma_resv_unlock(dmabuf->resv) | dmabuf->resv
    map once more, with a fence
      dma_resv_lock(dmabuf->resv)
      dma_buf_map_attachment(struct dma_buf_attachment) | dmabuf->resv
      priv->status == OK | dmabuf->resv
      kref_get(priv->kref) 1 -> 2 | dmabuf->resv
      dma_buf_map_attachment(importer mappings) peer has struct sg_table#2 | dmabuf->resv
      WRITE_ONCE(importer->sgt) | dmabuf->resv
      dma_resv_unlock(dmabuf->resv) | dmabuf->resv
      dma_resv_lock(dmabuf->resv)
      dma_resv_reserve_fences(resv->fences) | dmabuf->resv
      dma_resv_add_fence(resv->fences) fence, bookkeep | dmabuf->resv
      dma_resv_unlock(dmabuf->resv) | dmabuf->resv
      dma_fence_signal(fence)
    REVOKE of a buffer that is mapped by a process and an importer
      fget(files) 0
      get_file_rcu(f_ref) 1 -> 2
      fget(files) 1
      get_file_rcu(f_ref) 3 -> 4
      down_write(vdev->memory_lock)
      READ_ONCE(priv->vdev) = vdev | vdev->memory_lock
      priv->status == OK | vdev->memory_lock
      priv->vdev == vdev | vdev->memory_lock
      priv->status == OK | vdev->memory_lock
      dma_resv_lock(dmabuf->resv) | vdev->memory_lock
      priv->status == OK | vdev->memory_lock, dmabuf->resv
      priv->status OK -> PERM_REVOKED | vdev->memory_lock, dmabuf->resv
      dma_buf_invalidate_mappings(dmabuf->attachments) 1 importers | vdev->memory_lock, dmabuf->resv
      invalidate_mappings(importer->sgt) | vdev->memory_lock, dmabuf->resv
      xchg(importer->sgt) = sgt | vdev->memory_lock, dmabuf->resv
      dma_buf_unmap_attachment(importer mappings) peer | vdev->memory_lock, dmabuf->resv
      kfree(struct sg_table) | vdev->memory_lock, dmabuf->resv
      kref_put(priv->kref) 2 -> 1 | vdev->memory_lock, dmabuf->resv
      dma_resv_wait_timeout(resv->fences) 1 fences | vdev->memory_lock, dmabuf->resv
      dma_fence_wait(fence) | vdev->memory_lock, dmabuf->resv
      dma_resv_unlock(dmabuf->resv) | vdev->memory_lock, dmabuf->resv
      kref_put(priv->kref) 1 -> 0, vfio_pci_dma_buf_done | vdev->memory_lock
      complete(priv->comp) done = 1 | vdev->memory_lock
      wait_for_completion(priv->comp) done = 0 | vdev->memory_lock
      down_read(i_mmap_rwsem) | vdev->memory_lock
      zap_pte_range(page table) 0x100000000000: cleared | vdev->memory_lock, i_mmap_rwsem(r)
      up_read(i_mmap_rwsem) | vdev->memory_lock, i_mmap_rwsem(r)
      up_write(vdev->memory_lock) | vdev->memory_lock
      fput(f_ref) 4 -> 3
      fput(f_ref) 2 -> 1
    REVOKE once more
      fget(files) 0
      get_file_rcu(f_ref) 1 -> 2
      fget(files) 1
      get_file_rcu(f_ref) 3 -> 4
      down_write(vdev->memory_lock)
      READ_ONCE(priv->vdev) = vdev | vdev->memory_lock
      priv->status == PERM_REVOKED | vdev->memory_lock
      up_write(vdev->memory_lock) | vdev->memory_lock
      fput(f_ref) 4 -> 3
      fput(f_ref) 2 -> 1
    fault after the revoke
      load(page table) 0x100000000000: not present
      vma_start_read(vm_area_struct)
      dma_resv_lock(dmabuf->resv) | vm_area_struct(r)
      READ_ONCE(priv->vdev) = vdev | vm_area_struct(r), dmabuf->resv
      READ_ONCE(priv->status) = PERM_REVOKED | vm_area_struct(r), dmabuf->resv
      dma_resv_unlock(dmabuf->resv) | vm_area_struct(r), dmabuf->resv
      vma_end_read(vm_area_struct) | vm_area_struct(r)
    mmap after the revoke
      fget(files) 1
      get_file_rcu(f_ref) 3 -> 4
      down_write(mmap_lock)
      get_file(f_ref) 4 -> 5 | mmap_lock
      priv->status == PERM_REVOKED | mmap_lock
      fput(f_ref) 5 -> 4 | mmap_lock
      up_write(mmap_lock) | mmap_lock
      fput(f_ref) 4 -> 3
    map after the revoke
      dma_resv_lock(dmabuf->resv)
      dma_buf_map_attachment(struct dma_buf_attachment) | dmabuf->resv
      priv->status == PERM_REVOKED | dmabuf->resv
      dma_resv_unlock(dmabuf->resv) | dmabuf->resv
    detach
      dma_resv_lock(dmabuf->resv)
      xchg(importer->sgt) = NULL | dmabuf->resv
      dma_resv_unlock(dmabuf->resv) | dmabuf->resv
      dma_resv_lock(dmabuf->resv)
      list_del(dmabuf->attachments) | dmabuf->resv
      dma_resv_unlock(dmabuf->resv) | dmabuf->resv
      kfree(struct dma_buf_attachment)
      fput(f_ref) 3 -> 2
    munmap
      down_write(mmap_lock)
      vma_start_write(vm_area_struct) | mmap_lock
      vma_iter_clear_gfp(mm_mt) | mmap_lock
      downgrade_write(mmap_lock) | mmap_lock
      unmap_vmas(page table) | mmap_lock(r)
      down_write(i_mmap_rwsem) | mmap_lock(r)
      up_write(i_mmap_rwsem) | mmap_lock(r), i_mmap_rwsem
      fput(f_ref) 2 -> 1 | mmap_lock(r)
      up_read(mmap_lock) | mmap_lock(r)
    close of the buffer
      file_close_fd(files)
      fput(f_ref) 1 -> 0
      priv->vdev == vdev
      down_write(vdev->memory_lock)
      list_del_init(vdev->dmabufs) | vdev->memory_lock
      up_write(vdev->memory_lock) | vdev->memory_lock
      refcount_dec_and_test(device->refcount) 3 -> 2
      kfree(struct vfio_pci_dma_buf)
      list_empty(dmabuf->attachments) = 1
      kfree(struct file)
    the end of the machine
      down_read(mmap_lock)
      up_read(mmap_lock) | mmap_lock(r)
      down_write(mmap_lock)
      up_write(mmap_lock) | mmap_lock
      close_files(files)
      fput(f_ref) 1 -> 0
      mutex_lock(dev_set->lock)
      down_write(vdev->memory_lock) | dev_set->lock
      list_for_each_entry_safe(vdev->dmabufs) 0 buffers | dev_set->lock, vdev->memory_lock
      up_write(vdev->memory_lock) | dev_set->lock, vdev->memory_lock
      pdev->current_state == d0 | dev_set->lock
      pci_read_config_word(PCI_COMMAND) = 0x2 | dev_set->lock
      vfio_config_free(vconfig[PCI_COMMAND]) | dev_set->lock
      pci_read_config_word(PCI_COMMAND) = 0x2 | dev_set->lock
      pci_write_config_word(PCI_COMMAND) 0x2 -> 0x0 | dev_set->lock
      device->open_count 1 -> 0 | dev_set->lock
      mutex_unlock(dev_set->lock) | dev_set->lock
      refcount_dec_and_test(device->refcount) 2 -> 1
      kfree(struct file)
      kasan_byte_accessible(struct vfio_pci_core_device) = 1
      refcount_dec_and_test(device->refcount) 1 -> 0
      complete(device->comp) done = 1
      wait_for_completion(device->comp) done = 0
      kfree(struct vfio_pci_core_device)
    """

  static let goAway = """
    open of the device
      refcount_inc_not_zero(device->refcount) 1 -> 2
      mutex_lock(dev_set->lock)
      device->open_count == 0 | dev_set->lock
      device->open_count 0 -> 1 | dev_set->lock
      pdev->current_state == d0 | dev_set->lock
      pci_read_config_word(PCI_COMMAND) = 0x6 | dev_set->lock
      pci_write_config_word(PCI_COMMAND) 0x6 -> 0x2 | dev_set->lock
      pci_read_config_word(PCI_COMMAND) = 0x2 | dev_set->lock
      pci_write_config_word(PCI_COMMAND) 0x2 -> 0x2 | dev_set->lock
      pci_read_config_word(PCI_COMMAND) = 0x2 | dev_set->lock
      vfio_config_init(vconfig[PCI_COMMAND]) | dev_set->lock
      mutex_unlock(dev_set->lock) | dev_set->lock
      fd_install(files) = 0
    close of the device
      file_close_fd(files)
      fput(f_ref) 1 -> 0
      mutex_lock(dev_set->lock)
      down_write(vdev->memory_lock) | dev_set->lock
      list_for_each_entry_safe(vdev->dmabufs) 2 buffers | dev_set->lock, vdev->memory_lock
      get_file_active(f_ref) 3 -> 4 | dev_set->lock, vdev->memory_lock
      dma_resv_lock(dmabuf->resv) | dev_set->lock, vdev->memory_lock
      list_del_init(vdev->dmabufs) | dev_set->lock, vdev->memory_lock, dmabuf->resv
      priv->vdev vdev -> NULL | dev_set->lock, vdev->memory_lock, dmabuf->resv
      priv->status == OK | dev_set->lock, vdev->memory_lock, dmabuf->resv
      priv->status OK -> PERM_REVOKED | dev_set->lock, vdev->memory_lock, dmabuf->resv
      dma_buf_invalidate_mappings(dmabuf->attachments) 1 importers | dev_set->lock, vdev->memory_lock, dmabuf->resv
      invalidate_mappings(importer->sgt) | dev_set->lock, vdev->memory_lock, dmabuf->resv
      xchg(importer->sgt) = sgt | dev_set->lock, vdev->memory_lock, dmabuf->resv
      dma_buf_unmap_attachment(importer mappings) peer | dev_set->lock, vdev->memory_lock, dmabuf->resv
      kfree(struct sg_table) | dev_set->lock, vdev->memory_lock, dmabuf->resv
      kref_put(priv->kref) 2 -> 1 | dev_set->lock, vdev->memory_lock, dmabuf->resv
      dma_resv_wait_timeout(resv->fences) no fences | dev_set->lock, vdev->memory_lock, dmabuf->resv
      dma_resv_unlock(dmabuf->resv) | dev_set->lock, vdev->memory_lock, dmabuf->resv
      kref_put(priv->kref) 1 -> 0, vfio_pci_dma_buf_done | dev_set->lock, vdev->memory_lock
      complete(priv->comp) done = 1 | dev_set->lock, vdev->memory_lock
      wait_for_completion(priv->comp) done = 0 | dev_set->lock, vdev->memory_lock
      down_read(i_mmap_rwsem) | dev_set->lock, vdev->memory_lock
      zap_pte_range(page table) 0x100000000000: cleared | dev_set->lock, vdev->memory_lock, i_mmap_rwsem(r)
      up_read(i_mmap_rwsem) | dev_set->lock, vdev->memory_lock, i_mmap_rwsem(r)
      refcount_dec_and_test(device->refcount) 4 -> 3 | dev_set->lock, vdev->memory_lock
      fput(f_ref) 4 -> 3 | dev_set->lock, vdev->memory_lock
      get_file_active(f_ref) 1 -> 2 | dev_set->lock, vdev->memory_lock
      dma_resv_lock(dmabuf->resv) | dev_set->lock, vdev->memory_lock
      list_del_init(vdev->dmabufs) | dev_set->lock, vdev->memory_lock, dmabuf->resv
      priv->vdev vdev -> NULL | dev_set->lock, vdev->memory_lock, dmabuf->resv
      priv->status == PERM_REVOKED | dev_set->lock, vdev->memory_lock, dmabuf->resv
      priv->status PERM_REVOKED -> PERM_REVOKED | dev_set->lock, vdev->memory_lock, dmabuf->resv
      dma_buf_invalidate_mappings(dmabuf->attachments) nobody | dev_set->lock, vdev->memory_lock, dmabuf->resv
      dma_resv_wait_timeout(resv->fences) no fences | dev_set->lock, vdev->memory_lock, dmabuf->resv
      dma_resv_unlock(dmabuf->resv) | dev_set->lock, vdev->memory_lock, dmabuf->resv
      refcount_dec_and_test(device->refcount) 3 -> 2 | dev_set->lock, vdev->memory_lock
      fput(f_ref) 2 -> 1 | dev_set->lock, vdev->memory_lock
      up_write(vdev->memory_lock) | dev_set->lock, vdev->memory_lock
      pdev->current_state == d0 | dev_set->lock
      pci_read_config_word(PCI_COMMAND) = 0x2 | dev_set->lock
      vfio_config_free(vconfig[PCI_COMMAND]) | dev_set->lock
      pci_read_config_word(PCI_COMMAND) = 0x2 | dev_set->lock
      pci_write_config_word(PCI_COMMAND) 0x2 -> 0x0 | dev_set->lock
      device->open_count 1 -> 0 | dev_set->lock
      mutex_unlock(dev_set->lock) | dev_set->lock
      refcount_dec_and_test(device->refcount) 2 -> 1
      kfree(struct file)
    fault after the close
      load(page table) 0x100000000000: not present
      vma_start_read(vm_area_struct)
      dma_resv_lock(dmabuf->resv) | vm_area_struct(r)
      READ_ONCE(priv->vdev) = NULL | vm_area_struct(r), dmabuf->resv
      READ_ONCE(priv->status) = PERM_REVOKED | vm_area_struct(r), dmabuf->resv
      dma_resv_unlock(dmabuf->resv) | vm_area_struct(r), dmabuf->resv
      vma_end_read(vm_area_struct) | vm_area_struct(r)
    unbind
      refcount_dec_and_test(device->refcount) 1 -> 0
      complete(device->comp) done = 1
      wait_for_completion(device->comp) done = 0
      kfree(struct vfio_pci_core_device)
    detach after the unbind
      dma_resv_lock(dmabuf->resv)
      xchg(importer->sgt) = NULL | dmabuf->resv
      dma_resv_unlock(dmabuf->resv) | dmabuf->resv
      dma_resv_lock(dmabuf->resv)
      list_del(dmabuf->attachments) | dmabuf->resv
      dma_resv_unlock(dmabuf->resv) | dmabuf->resv
      kfree(struct dma_buf_attachment)
      fput(f_ref) 3 -> 2
    exit of the process
      down_read(mmap_lock)
      unmap_vmas(page table) | mmap_lock(r)
      up_read(mmap_lock) | mmap_lock(r)
      down_write(mmap_lock)
      down_write(i_mmap_rwsem) | mmap_lock
      up_write(i_mmap_rwsem) | mmap_lock, i_mmap_rwsem
      remove_vma(mm_mt) | mmap_lock
      fput(f_ref) 2 -> 1 | mmap_lock
      up_write(mmap_lock) | mmap_lock
      close_files(files)
      fput(f_ref) 1 -> 0
      fput(f_ref) 1 -> 0
      priv->vdev == NULL
      kfree(struct vfio_pci_dma_buf)
      list_empty(dmabuf->attachments) = 1
      kfree(struct file)
      priv->vdev == NULL
      kfree(struct vfio_pci_dma_buf)
      list_empty(dmabuf->attachments) = 1
      kfree(struct file)
    the end of the machine
      down_read(mmap_lock)
      up_read(mmap_lock) | mmap_lock(r)
      down_write(mmap_lock)
      up_write(mmap_lock) | mmap_lock
      close_files(files)
      kasan_byte_accessible(struct vfio_pci_core_device) = 0
    """
}
