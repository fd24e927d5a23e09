def section(path, images):
    return []
